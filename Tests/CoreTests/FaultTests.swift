import Core
import Testing

/// The table of faults, and what the retry rule makes of it.
@Suite struct FaultTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let fault: Fault
        let blame: Fault.Blame
        let counts: Bool
        let remedy: Fault.Remedy
        var testDescription: String { fault.rawValue }

        init(_ fault: Fault, _ blame: Fault.Blame, counts: Bool, _ remedy: Fault.Remedy) {
            (self.fault, self.blame, self.counts, self.remedy) = (fault, blame, counts, remedy)
        }
    }

    static let rows = [
        Row(.connect, .provider, counts: true, .goElsewhere),
        Row(.tls, .provider, counts: true, .goElsewhere),
        Row(.connectTimeout, .provider, counts: true, .goElsewhere),
        Row(.firstContentTimeout, .provider, counts: true, .goElsewhere),
        Row(.stall, .provider, counts: true, .goElsewhere),
        Row(.totalTimeout, .provider, counts: true, .goElsewhere),
        Row(.reset, .provider, counts: true, .retryHere),
        Row(.serverError, .provider, counts: true, .retryHere),
        Row(.rateLimited, .provider, counts: true, .retryHere),
        Row(.cut, .provider, counts: true, .goElsewhere),
        Row(.malformed, .provider, counts: true, .goElsewhere),
        Row(.empty, .provider, counts: true, .goElsewhere),
        Row(.modelGone, .provider, counts: true, .goElsewhere),
        Row(.badKey, .key, counts: false, .goElsewhere),
        Row(.contextTooLong, .caller, counts: false, .goLarger),
        Row(.contentFilter, .caller, counts: false, .giveUp),
        Row(.callerMistake, .caller, counts: false, .giveUp),
        Row(.callerGone, .caller, counts: false, .giveUp),
        Row(.poolExhausted, .gateway, counts: false, .goElsewhere),
        Row(.diverged, .gateway, counts: false, .goElsewhere),
        Row(.notNeeded, .gateway, counts: false, .giveUp),
    ]

    @Test func theTableIsWhole() {
        #expect(Set(Self.rows.map(\.fault)) == Set(Fault.allCases))
        #expect(Self.rows.count == Fault.allCases.count)
    }

    @Test(arguments: rows)
    func meaning(row: Row) {
        let meaning = row.fault.meaning
        #expect(meaning.blame == row.blame)
        #expect(meaning.countsForBreaker == row.counts)
        #expect(meaning.remedy == row.remedy)
    }

    /// Admins, metrics and stored breakers know faults by these names.
    @Test func namesAreStable() {
        #expect(Fault.allCases.map(\.rawValue) == [
            "connect", "tls", "connect_timeout", "first_content_timeout", "stall", "total_timeout", "reset",
            "server_error", "rate_limited",
            "cut", "malformed", "empty", "model_gone", "bad_key", "context_too_long", "content_filter",
            "caller_mistake", "caller_gone",
            "pool_exhausted", "diverged", "not_needed",
        ])
    }

    // MARK: The retry rule

    struct Retry: Sendable, CustomTestStringConvertible {
        let fault: Fault
        let retryAfter: Duration?
        let wasRetried: Bool
        let jitter: Double
        let next: RetryRule.Next
        var testDescription: String { "\(fault), retry after \(String(describing: retryAfter)), retried: \(wasRetried)" }

        init(
            _ fault: Fault, after retryAfter: Duration? = nil, wasRetried: Bool = false, jitter: Double = 0.5,
            _ next: RetryRule.Next
        ) {
            self.fault = fault
            self.retryAfter = retryAfter
            self.wasRetried = wasRetried
            self.jitter = jitter
            self.next = next
        }
    }

    static let retries = [
        Retry(.reset, .again(after: .milliseconds(125))),
        Retry(.reset, jitter: 0, .again(after: .zero)),
        Retry(.reset, jitter: 0.996, .again(after: .milliseconds(249))),
        Retry(.serverError, .again(after: .milliseconds(125))),
        Retry(.serverError, after: .seconds(2), .again(after: .seconds(2))),
        Retry(.serverError, after: .seconds(2), jitter: 0.9, .again(after: .seconds(2))),
        Retry(.serverError, after: .seconds(4), .next),
        Retry(.serverError, wasRetried: true, .next),
        Retry(.serverError, after: .seconds(1), wasRetried: true, .next),
        Retry(.reset, wasRetried: true, .next),
        // A limit without a time is not retried: who knows when it ends.
        Retry(.rateLimited, .next),
        Retry(.rateLimited, after: .zero, .again(after: .zero)),
        Retry(.rateLimited, after: .milliseconds(2999), .again(after: .milliseconds(2999))),
        Retry(.rateLimited, after: .seconds(3), .again(after: .seconds(3))),
        Retry(.rateLimited, after: .milliseconds(3001), .next),
        Retry(.rateLimited, after: .seconds(86_400), .next),
        Retry(.rateLimited, after: .seconds(1), wasRetried: true, .next),
        Retry(.contextTooLong, .nextLarger),
        Retry(.contextTooLong, after: .seconds(1), wasRetried: true, .nextLarger),
        Retry(.contentFilter, .stop), Retry(.callerMistake, .stop), Retry(.callerGone, .stop),
        Retry(.callerMistake, after: .seconds(1), .stop), Retry(.notNeeded, .stop),
        Retry(.connect, .next), Retry(.tls, .next), Retry(.connectTimeout, .next), Retry(.firstContentTimeout, .next),
        Retry(.stall, .next),
        Retry(.totalTimeout, .next), Retry(.cut, .next), Retry(.malformed, .next), Retry(.empty, .next),
        Retry(.modelGone, .next),
        Retry(.badKey, .next), Retry(.poolExhausted, .next), Retry(.diverged, .next), Retry(.connect, after: .seconds(1), .next),
    ]

    @Test(arguments: retries)
    func whatFollows(retry: Retry) {
        let next = RetryRule.next(
            after: retry.fault, retryAfter: retry.retryAfter, wasRetried: retry.wasRetried, jitter: retry.jitter)
        #expect(next == retry.next)
    }

    @Test func everyFaultHasARow() {
        #expect(Set(Self.retries.map(\.fault)) == Set(Fault.allCases))
    }

    @Test(arguments: Fault.allCases)
    func nothingIsAskedThreeTimes(fault: Fault) {
        for wait in [nil, Duration.zero, .seconds(1)] {
            if case .again = RetryRule.next(after: fault, retryAfter: wait, wasRetried: true, jitter: 0) {
                Issue.record("\(fault) is retried again")
            }
        }
    }
}
