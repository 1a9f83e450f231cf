import Core
import Synchronization
import Wire

/// What is known of one call of a team: a member's, or the synthesis'.
struct TeamCall {
    let name: String
    let started: Instant
    /// Its outcome, once it has ended.
    let book = MemberBook()
    private(set) var model: String?
    private(set) var isFromFallback = false
    private(set) var wasResumed = false

    init(_ name: String, started: Instant) {
        self.name = name
        self.started = started
    }

    mutating func open(_ head: AnswerHead) {
        model = head.model
        isFromFallback = head.reason?.isSecondChoice ?? false
    }

    mutating func resume(_ resumption: Resumption) {
        model = resumption.model
        wasResumed = true
    }

    func failure(_ error: GatewayError, at now: Instant) -> TeamCompletion.Failure {
        TeamCompletion.Failure(
            name: name, code: error.code.rawValue, reason: error.message, model: model, seconds: started.duration(to: now).seconds)
    }
}

/// Takes the outcome of one call of a team: the request has one for all.
final class MemberBook: OutcomeSink {
    private let outcome = Mutex<Outcome?>(nil)
    private let isOver = Atomic(false)

    func record(_ outcome: Outcome) { self.outcome.withLock { $0 = outcome } }

    /// Others have answered: what is cancelled now has not lost its caller.
    func release() { isOver.store(true, ordering: .relaxed) }

    var isNeeded: Bool { !isOver.load(ordering: .relaxed) }

    /// Its attempts; none before its end.
    var attempts: [AttemptRecord] { outcome.withLock { $0?.attempts ?? [] } }
}
