import Core
import NIOCore
import Wire

/// Decides what becomes of each event of a provider's stream: held until the commit point, passed on, dropped, or a
/// failure. It does no I/O and knows no time.
///
/// Before the first content everything is held, so that a failure can go unseen. The stream is complete when the
/// provider says so: `[DONE]`, or the end of the bytes after the finish reason of every choice. Any other end is a cut.
struct StreamGate: Sendable {
    enum Verdict: Sendable, Equatable {
        /// Nothing to write yet.
        case hold
        /// Pass these on.
        case pass([SSEEvent])
        /// The answer is whole; these are the last of it.
        case complete([SSEEvent])
        /// Before the commit point: unseen. After it: to be told to the caller.
        case fail(Fault, String)
    }

    /// What the stream begins with.
    enum Origin: Sendable {
        /// The answer's first word.
        case start
        /// What comes behind a text that the stream repeated before: if nothing does, the text was whole.
        case repeated
        /// What comes behind a text that the model was given. If nothing does, nobody knows whether the text was whole.
        case prefilled
    }

    private(set) var isCommitted = false
    /// Counts of a stream only grow; the largest is the last.
    private(set) var usage: Usage?
    /// No content came behind it.
    private(set) var isCountCurrent = false
    /// How much content was passed on.
    private(set) var size = ContentSize()
    /// What was passed on, where it is gathered.
    private(set) var delivered: DeliveredText?
    private let passesUsage: Bool
    private let choices: Int
    private let origin: Origin
    private var held: [SSEEvent] = []
    private var heldBytes = 0
    /// The chunk that told of its usage beside a choice, where the caller wants it told alone.
    private var usageBesideChoice: SSEEvent?
    private var finishReason: String?
    private var finished: Set<Int> = []
    private var malformedEvents = 0

    /// Most bytes held before the commit point: role frames and empty deltas are small and few.
    private static let holdLimit = 1 << 20
    /// Events that are not chunks, skipped as long as the rest is sound.
    private static let malformedLimit = 16

    /// - Parameters:
    ///   - passesUsage: whether the caller asked for the usage chunk; the gateway always does.
    ///   - choices: how many answers were asked for.
    ///   - delivered: what the caller has already, where it is to be gathered.
    ///   - origin: where in the answer the stream begins.
    init(passesUsage: Bool, choices: Int = 1, delivered: DeliveredText? = nil, origin: Origin = .start) {
        self.passesUsage = passesUsage
        self.choices = choices
        self.delivered = delivered
        self.origin = origin
    }

    /// Every choice has ended.
    var isFinished: Bool { finished.count >= choices }

    /// Judges the stream's next event.
    mutating func take(_ event: SSEEvent) -> Verdict {
        if ProviderAnswer.isDone(event.data) { return end(saysDone: true) }
        guard let facts = ProviderAnswer.chunk(event.data) else {
            malformedEvents += 1
            return malformedEvents > Self.malformedLimit
                ? .fail(.malformed, "the provider's stream holds events that are no chunks") : .hold
        }
        if let failure = facts.failure { return .fail(failure.fault, failure.detail) }
        note(facts, of: event)
        if let reason = facts.finishReason {
            finishReason = reason
            finished.formUnion(facts.finished)
        }
        if facts.isUsageOnly, !passesUsage { return .hold }
        if facts.hasContent {
            size += facts.size
            delivered?.add(facts, of: event.data)
        }
        if isCommitted { return .pass([event]) }
        held.append(event)
        if facts.hasContent { return .pass(commit()) }
        heldBytes += event.data.readableBytes
        return heldBytes <= Self.holdLimit ? .hold : .fail(.malformed, "the provider sends events without content")
    }

    private mutating func note(_ facts: ChunkFacts, of event: SSEEvent) {
        guard let usage = facts.usage else {
            if facts.hasContent { isCountCurrent = false }
            return
        }
        isCountCurrent = true
        guard usage.totalTokens >= self.usage?.totalTokens ?? 0 else { return }
        self.usage = usage
        if passesUsage { usageBesideChoice = facts.isUsageOnly ? nil : event }
    }

    /// The usage in a chunk of its own, for a caller who asked for it and got it beside a choice only.
    private var usageChunk: [SSEEvent] {
        guard let event = usageBesideChoice, let chunk = ProviderAnswer.usageChunk(of: event.data) else { return [] }
        return [chunk]
    }

    /// The provider's bytes ended, as HTTP goes, properly.
    mutating func end() -> Verdict { end(saysDone: false) }

    private mutating func end(saysDone: Bool) -> Verdict {
        guard isFinished || (saysDone && (isCommitted || origin == .start)) else {
            return .fail(.cut, "the provider's stream ended in the middle of the answer")
        }
        if isCommitted { return .complete(usageChunk) }
        switch (finishReason, origin) {
        case ("length", _), ("content_filter", _), (_, .repeated):
            // Ended before its first content, but for a reason that the caller must see; or all but the end was there.
            return .complete(commit() + usageChunk)
        case (_, .prefilled): return .fail(.diverged, "it added nothing to the text so far")
        case (_, .start):
            return malformedEvents > 0
                ? .fail(.malformed, "the provider's stream holds no chunks")
                : .fail(.empty, "the provider's answer has no content")
        }
    }

    private mutating func commit() -> [SSEEvent] {
        isCommitted = true
        defer { held = [] }
        return held
    }
}
