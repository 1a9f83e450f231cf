/// One thing that a ``ScriptedProvider`` does on a connection. Steps run one after the other; the next one starts when
/// this one is done.
package enum Step: Sendable {
    /// Writes these bytes as they are and goes on when the kernel has taken them all.
    case bytes([UInt8])
    /// Writes `sliceSize` bytes at a time and lets `gap` pass after each slice. With a gap of zero the kernel may join
    /// slices again; give it a millisecond where the reader must see each of them alone.
    case dribble([UInt8], sliceSize: Int, gap: Duration)
    /// Does nothing for that long. Only for behaviour that is about time; to synchronise, use ``wait(_:)``.
    case pause(Duration)
    /// Goes on when the test opens the gate.
    case wait(Gate)
    /// Opens the gate: tells the test that the script has come this far.
    case signal(Gate)
    /// Takes no bytes from the socket until the peer closes, so that its writes fill the buffers. Exact in
    /// `onAccept`, where nothing was read yet; later, one read may still be under way. Closing with unread bytes
    /// makes Linux send RST.
    case readNothing
    /// Takes at most `sliceSize` bytes from the socket, then none until `gap` has passed.
    case readSlowly(sliceSize: Int, gap: Duration)
    /// Takes whatever arrives: the way a connection starts.
    case readNormally
    /// In `onAccept`: goes on when the head of the first request was read, whatever is still to come of its body.
    case readHead
    /// Does nothing until the peer closes, then closes too.
    case hang
    /// Aborts the connection: the peer sees RST.
    case reset
    /// Closes the connection: the peer sees FIN.
    case close
    /// Closes the writing half: the peer sees the end of the answer and can still send.
    case closeOutput
    /// Ends the script; the next request on this connection gets a script of its own.
    case keepAlive

    /// Writes the text as UTF-8.
    package static func bytes(_ text: String) -> Step { .bytes(Array(text.utf8)) }

    /// Writes the text as UTF-8 in slices.
    package static func dribble(_ text: String, sliceSize: Int, gap: Duration) -> Step {
        .dribble(Array(text.utf8), sliceSize: sliceSize, gap: gap)
    }
}

/// What a ``ScriptedProvider`` does with one request, once the whole request was read. A script that ends without
/// ``Step/keepAlive`` closes the connection.
package struct Script: Sendable, ExpressibleByArrayLiteral {
    package var steps: [Step]

    package init(_ steps: [Step]) {
        self.steps = steps
    }

    package init(arrayLiteral elements: Step...) {
        self.steps = elements
    }

    /// The same script after some other steps: `.json(body: text).after(.wait(gate))`.
    package func after(_ first: Step...) -> Script {
        Script(first + self.steps)
    }

    /// The same bytes, written a few at a time: what a reader makes of them must not depend on how they are cut.
    package func sliced(every sliceSize: Int, gap: Duration = .zero) -> Script {
        Script(
            self.steps.map { step in
                guard case .bytes(let bytes) = step else { return step }
                return .dribble(bytes, sliceSize: sliceSize, gap: gap)
            })
    }
}
