import Core
import NIOCore
import TestKit
import Testing
import Wire

@testable import Gateway

/// What becomes of a provider's events: held, passed, dropped, or a failure.
@Suite struct StreamGateTests {
    private static let role = #"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#
    private static let content = #"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#
    private static let empty = #"{"choices":[{"index":0,"delta":{}}]}"#
    private static let usage = #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#
    private static let filter = #"{"choices":[],"prompt_filter_results":[]}"#
    private static let error = #"{"error":{"message":"overloaded"}}"#
    private static let noChunk = #"{"object":"ping"}"#
    private static let done = "[DONE]"
    private static func finish(_ reason: String) -> String {
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(reason)"}]}"#
    }

    /// The events of a stream with these payloads.
    private static func events(_ payloads: [String]) throws -> [SSEEvent] {
        var parser = SSEParser()
        for payload in payloads { parser.append(SSEFrame.data(ByteBuffer(string: payload))) }
        var events: [SSEEvent] = []
        while let event = try parser.next() { events.append(event) }
        return events
    }

    /// A gate and what it said so far.
    private struct Run {
        var gate: StreamGate
        /// Payloads that went out.
        var passed: [String] = []
        var isComplete = false
        var failure: (fault: Fault, detail: String)?

        /// Gives the gate these payloads, and the stream's end, until it has its final say.
        init(_ payloads: [String], ends: Bool = true, passesUsage: Bool = false) throws {
            gate = StreamGate(passesUsage: passesUsage)
            for event in try StreamGateTests.events(payloads) where !isOver { note(gate.take(event)) }
            if ends, !isOver { note(gate.end()) }
        }

        var isOver: Bool { isComplete || failure != nil }

        private mutating func note(_ verdict: StreamGate.Verdict) {
            switch verdict {
            case .hold: break
            case .pass(let events): passed += events.map { String(buffer: $0.data) }
            case .complete(let events):
                passed += events.map { String(buffer: $0.data) }
                isComplete = true
            case .fail(let fault, let detail): failure = (fault, detail)
            }
        }
    }

    // MARK: The commit point

    @Test func holdsUntilTheFirstContentThenPassesAll() throws {
        let before = [Self.role, Self.empty, Self.filter]
        let held = try Run(before, ends: false)
        #expect(held.passed.isEmpty)
        #expect(!held.gate.isCommitted)
        let committed = try Run(before + [Self.content], ends: false)
        #expect(committed.passed == before + [Self.content])
        #expect(committed.gate.isCommitted)
        let after = try Run(before + [Self.content, Self.empty, Self.content], ends: false)
        #expect(after.passed == before + [Self.content, Self.empty, Self.content])
        #expect(!after.isOver)
    }

    @Test(arguments: [
        #"{"content":"a"}"#, #"{"refusal":"no"}"#, #"{"reasoning_content":"hm"}"#,
        #"{"tool_calls":[{"index":0,"id":"t"}]}"#, #"{"audio":{"id":"a"}}"#,
    ])
    func commitsAtAnyKindOfContent(delta: String) throws {
        #expect(try Run([#"{"choices":[{"index":0,"delta":\#(delta)}]}"#], ends: false).gate.isCommitted)
    }

    @Test(arguments: ["length", "content_filter"])
    func anEndThatTheCallerMustSeeCommits(reason: String) throws {
        for end in [[Self.done], []] {
            let run = try Run([Self.role, Self.finish(reason)] + end)
            #expect(run.isComplete)
            #expect(run.gate.isCommitted)
            #expect(run.passed == [Self.role, Self.finish(reason)])
        }
    }

    // MARK: The end

    @Test func doneCompletesWhatHasContent() throws {
        let run = try Run([Self.content, Self.finish("stop"), Self.done])
        #expect(run.isComplete)
        #expect(run.passed == [Self.content, Self.finish("stop")])
        // Some providers leave the reason out.
        #expect(try Run([Self.content, Self.done]).isComplete)
    }

    @Test func aFinishReasonCompletesWithoutDone() throws {
        #expect(try Run([Self.content, Self.finish("stop")]).isComplete)
        #expect(try Run([Self.content, Self.finish("tool_calls"), Self.usage]).isComplete)
        #expect(try !Run([Self.content, Self.finish("stop")], ends: false).isOver)
    }

    @Test(arguments: [[], [role], [content], [role, content, content], [usage], [content, usage], [noChunk]])
    func anyOtherEndIsACut(payloads: [String]) throws {
        let run = try Run(payloads)
        #expect(run.failure?.fault == .cut)
        #expect(!run.isComplete)
    }

    @Test(arguments: [
        [done], [role, done], [role, finish("stop"), done], [role, finish("stop")], [finish("tool_calls"), done],
        [usage, done],
    ])
    func anAnswerWithoutContentIsEmpty(payloads: [String]) throws {
        let run = try Run(payloads)
        #expect(run.failure?.fault == .empty)
        #expect(run.passed.isEmpty)
        #expect(!run.gate.isCommitted)
    }

    // MARK: Errors and nonsense

    @Test func anErrorBeforeTheContentGoesUnseen() throws {
        let run = try Run([Self.role, Self.error])
        #expect(run.failure?.fault == .serverError)
        #expect(run.failure?.detail == "overloaded")
        #expect(run.passed.isEmpty)
        #expect(!run.gate.isCommitted)
    }

    @Test func anErrorAfterTheContentIsAFailureToo() throws {
        let run = try Run([Self.content, Self.error, Self.done])
        #expect(run.failure?.fault == .serverError)
        #expect(run.passed == [Self.content])
        #expect(run.gate.isCommitted)
    }

    @Test func whatIsNoChunkIsSkipped() throws {
        let run = try Run([Self.noChunk, Self.role, "{broken", Self.content, "", "<html>", Self.finish("stop"), Self.done])
        #expect(run.isComplete)
        #expect(run.passed == [Self.role, Self.content, Self.finish("stop")])
    }

    @Test(arguments: [[], [content]])
    func butNotForEver(start: [String]) throws {
        let sixteen = start + Array(repeating: Self.noChunk, count: 16)
        #expect(try !Run(sixteen, ends: false).isOver)
        #expect(try Run(sixteen + [Self.noChunk], ends: false).failure?.fault == .malformed)
    }

    @Test func nonsenseAloneIsMalformed() throws {
        #expect(try Run([Self.noChunk, Self.done]).failure?.fault == .malformed)
        #expect(try Run([Self.noChunk, Self.finish("stop")]).failure?.fault == .malformed)
    }

    @Test func eventsWithoutContentAreHeldUpToAMebibyte() throws {
        let frame = #"{"choices":[{"index":0,"delta":{"content":""}}],"x":"\#(String(repeating: "x", count: 64 << 10))"}"#
        let some = try Run(Array(repeating: frame, count: 15) + [Self.content], ends: false)
        #expect(some.passed.count == 16)
        let many = try Run(Array(repeating: frame, count: 16), ends: false)
        #expect(many.failure?.fault == .malformed)
        #expect(many.passed.isEmpty)
        // Behind the commit point nothing is held.
        #expect(try Run([Self.content] + Array(repeating: frame, count: 40), ends: false).passed.count == 41)
    }

    // MARK: Usage

    @Test(arguments: [true, false])
    func theUsageChunkIsTheCallersWhereItAsked(passesUsage: Bool) throws {
        let run = try Run([Self.content, Self.finish("stop"), Self.usage, Self.done], passesUsage: passesUsage)
        #expect(run.passed == [Self.content, Self.finish("stop")] + (passesUsage ? [Self.usage] : []))
        #expect(run.gate.usage == Usage(promptTokens: 3, completionTokens: 2))
    }

    @Test func usageBesideAChoiceIsPassedAndNoted() throws {
        let both = #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}"#
        let run = try Run([Self.content, both, Self.done])
        #expect(run.passed == [Self.content, both])
        #expect(run.gate.usage?.promptTokens == 7)
    }

    /// Who asked for the usage gets it as OpenAI sends it, wherever the provider put it.
    @Test(arguments: [
        #"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7}}"#,
        #"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":7}}}"#,
        #"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":7}}]}"#,
    ])
    func usageBesideAChoiceGetsItsOwnChunk(both: String) throws {
        for ending in [[Self.done], []] {
            let run = try Run([Self.content, both] + ending, passesUsage: true)
            #expect(run.isComplete)
            #expect(run.passed.count == 3)
            let last = try #require(ProviderAnswer.chunk(ByteBuffer(string: run.passed[2])))
            #expect(last.isUsageOnly)
            #expect(last.usage?.promptTokens == 7)
            #expect(run.passed[2].contains(#""id":"c""#))
        }
        // Not to who did not ask, and not twice.
        #expect(try Run([Self.content, both, Self.done]).passed == [Self.content, both])
        let usage = #"{"choices":[],"usage":{"prompt_tokens":7}}"#
        #expect(try Run([Self.content, both, usage, Self.done], passesUsage: true).passed == [Self.content, both, usage])
    }

    @Test func aCountIsCurrentUntilMoreContentComes() throws {
        let counting = #"{"choices":[{"index":0,"delta":{"content":"abc"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#
        let current = try Run([Self.content, counting], ends: false).gate
        #expect(current.isCountCurrent)
        #expect(current.size == ContentSize(written: 4))
        let behind = try Run([counting, Self.content], ends: false).gate
        #expect(!behind.isCountCurrent)
        #expect(behind.usage?.completionTokens == 4)
        // A count that shrinks is no count.
        let zero = #"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#
        #expect(try Run([counting, zero, Self.done]).gate.usage?.completionTokens == 4)
    }

    @Test func theLastUsageCounts() throws {
        let growing = #"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#
        #expect(try Run([growing, Self.content, Self.usage, Self.done]).gate.usage?.completionTokens == 2)
        #expect(try Run([Self.content, Self.done]).gate.usage == nil)
    }

    @Test func chunksWithoutChoicesThatAreNoUsagePass() throws {
        let payloads = [Self.filter, Self.content, Self.filter]
        #expect(try Run(payloads, ends: false).passed == payloads)
    }

    // MARK: Any stream

    private struct RandomStream {
        var payloads: [String] = []
        var passesUsage: Bool
        var ends: Bool

        init(seed: UInt64) {
            var random = SplitMix64(seed: seed)
            passesUsage = Bool.random(using: &random)
            ends = Bool.random(using: &random)
            let pieces = [
                role, empty, filter, content, content, content, usage, finish("stop"), finish("length"), noChunk, done,
                error,
            ]
            // Endings are rarer, or most streams would be short.
            let weights = pieces.map { [done, error].contains($0) ? 1 : 4 }
            for number in 0..<Int.random(in: 0...25, using: &random) {
                var point = Int.random(in: 0..<weights.reduce(0, +), using: &random)
                let index = weights.firstIndex { weight in
                    point -= weight
                    return point < 0
                }
                var piece = pieces[index ?? 0]
                // Each event is another, so that their order shows.
                if piece.hasPrefix("{\"choices\"") { piece = #"{"number":\#(number),"# + piece.dropFirst() }
                payloads.append(piece)
            }
        }
    }

    @Test func anyStreamComesOutAsItWasWithoutWhatIsDropped() throws {
        var completed = 0
        for seed in 0..<1500 as Range<UInt64> {
            let stream = RandomStream(seed: seed)
            let run = try Run(stream.payloads, ends: stream.ends, passesUsage: stream.passesUsage)
            let ending = stream.payloads.firstIndex { $0 == Self.done || $0 == Self.error }
            let read = stream.payloads.prefix(upTo: ending ?? stream.payloads.endIndex)
            let chunks = read.filter { $0 != Self.noChunk }
            let isDone = ending.map { stream.payloads[$0] == Self.done } ?? false
            let hasFinish = chunks.contains { $0.contains("finish_reason") }
            let hasContent = chunks.contains { $0.contains(#""content":"a""#) }
            let wanted = chunks.filter { stream.passesUsage || !$0.contains(#""usage""#) }
            completed += run.isComplete ? 1 : 0
            try #require(run.passed == (run.gate.isCommitted ? wanted : []), "seed \(seed)")
            try #require(!hasContent || run.gate.isCommitted, "seed \(seed)")
            if run.isComplete {
                try #require(isDone || (hasFinish && stream.ends), "seed \(seed)")
                try #require(run.gate.isCommitted, "seed \(seed)")
            }
            if stream.ends || ending != nil { try #require(run.isOver, "seed \(seed)") }
            if hasContent, isDone { try #require(run.isComplete, "seed \(seed)") }
        }
        #expect((150..<1350).contains(completed))
    }
}
