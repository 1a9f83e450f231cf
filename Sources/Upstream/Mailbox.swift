import Core
import Gateway
import NIOCore

/// What the engine's thread and a call's reader know of a call, as a pure machine; ``Transfer`` guards it with a lock
/// and performs what it says.
///
/// The engine puts in bytes and the end; the reader takes out. A full mailbox tells the engine to pause the transfer,
/// an emptied one to go on.
struct Mailbox {
    /// The head of the provider's answer.
    struct Head: Sendable {
        var status: Int
        var retryAfter: Duration?
        var contentType: String?
        /// Its closing blank line has arrived.
        var isComplete = false
    }

    /// What a reader gets when it looks.
    enum Taken {
        /// Nothing yet: wait for a wake-up.
        case nothing
        /// Bytes; and whether the engine must be told to go on.
        case bytes(ByteBuffer, resumes: Bool)
        case end
        case failure(UpstreamFailure)
        case cancelled
        /// The wait is over; the call goes on.
        case late
    }

    /// What the engine does with bytes that it got.
    enum Delivery: Equatable {
        case taken
        /// Keep them and stop reading until told to go on.
        case pause
        case tooLarge
    }

    /// Bytes held for a slow reader before the transfer is paused.
    static let highWater = 256 << 10
    /// Most bytes of a whole answer; also of each streamed one.
    static let wholeLimit = 64 << 20
    static let streamLimit = 256 << 20

    let isStream: Bool
    private(set) var head: Head?
    private(set) var deadline: Instant?
    private(set) var isDiscarding = false
    private var isCancelled = false
    private var bytes = ByteBuffer()
    private var received = 0
    private var isPaused = false
    /// The reader's deadline passed while it waited.
    private var isLate = false
    private var ending: Result<Void, UpstreamFailure>?

    init(isStream: Bool) { self.isStream = isStream }

    /// No more will come and nobody has to act.
    var isOver: Bool { ending != nil }
    var hasBody: Bool { received > 0 }

    // MARK: The engine's side

    mutating func deliver(_ chunk: UnsafeRawBufferPointer, head: @autoclosure () -> Head) -> Delivery {
        if isDiscarding { return .taken }
        if isStream, bytes.readableBytes >= Self.highWater {
            isPaused = true
            return .pause
        }
        received += chunk.count
        guard received <= (isStream ? Self.streamLimit : Self.wholeLimit) else { return .tooLarge }
        if self.head == nil { self.head = head() }
        bytes.writeBytes(chunk)
        return .taken
    }

    mutating func end(_ result: Result<Void, UpstreamFailure>, head: @autoclosure () -> Head) {
        guard ending == nil else { return }
        if case .success = result, self.head == nil { self.head = head() }
        ending = result
    }

    /// Ends the wait of a reader whose deadline has passed; the call goes on until its reader lets go of it. True when
    /// nobody reads any more and the transfer is to be removed.
    mutating func expire(now: Instant) -> Bool {
        guard ending == nil, let deadline, deadline <= now else { return false }
        self.deadline = nil
        guard isDiscarding else {
            isLate = true
            return false
        }
        ending = .failure(UpstreamFailure.late)
        return true
    }

    // MARK: The reader's side

    /// Whether a reader that waits has something to look at: a stream's first bytes, or a whole answer's end.
    var isReady: Bool { hasNews || isLate }

    private var hasNews: Bool {
        isCancelled || ending != nil || (isStream && bytes.readableBytes > 0)
    }

    /// The head, once there is something to look at; the reader waits no more then.
    mutating func takeHead() -> Head? {
        guard hasNews else { return nil }
        deadline = nil
        return head
    }

    /// Says until when the reader will wait.
    mutating func wait(until deadline: Instant) { self.deadline = deadline }

    mutating func take() -> Taken {
        deadline = nil
        defer { isLate = false }
        if isCancelled { return .cancelled }
        if bytes.readableBytes > 0, isStream || ending != nil {
            let taken = bytes
            bytes = ByteBuffer()
            defer { isPaused = false }
            return .bytes(taken, resumes: isPaused)
        }
        switch ending {
        case nil: return isLate ? .late : .nothing
        case .success: return .end
        case .failure(let failure): return .failure(failure)
        }
    }

    /// The reader wants no more; what still comes is dropped until `deadline`. True when the engine must be told.
    mutating func discard(until deadline: Instant) -> Bool {
        isDiscarding = true
        self.deadline = deadline
        bytes = ByteBuffer()
        return ending == nil
    }

    /// The reader left. True when the engine must be told.
    mutating func cancel() -> Bool {
        isCancelled = true
        bytes = ByteBuffer()
        return ending == nil && !isDiscarding
    }
}

extension UpstreamFailure {
    /// A reader waited in vain.
    static let late = UpstreamFailure(.stall, "nothing came from the provider in time")
}
