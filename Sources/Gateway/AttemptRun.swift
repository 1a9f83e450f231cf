import Core
import NIOCore
import Wire

/// Works through a plan's attempts until one delivers: a whole answer, or a stream's first content. When that stream breaks
/// off, it goes on behind the attempt that broke.
struct AttemptRun: Sendable {
    /// What attempts are made for.
    enum Aim: Sendable {
        case answer
        /// The rest of an answer of which the caller has this much.
        case continuation(DeliveredText, text: String)

        var isContinuation: Bool { if case .continuation = self { true } else { false } }
    }

    /// What an attempt delivered.
    enum Delivery: Sendable {
        case whole(OpenAttempt, body: ByteBuffer, usage: Usage?)
        case stream(OpenedStream)
    }

    /// What comes of a plan.
    enum Result: Sendable {
        case whole(AnswerHead, WholeAnswer)
        /// A stream whose first content is there.
        case stream(AnswerHead, AttemptStream)
    }

    private let assignment: Assignment
    var course: AttemptCourse
    private(set) var failures: [AttemptFailure] = []
    /// What became of the hedge; nil where none was started.
    var hedge: HedgeOutcome?

    init(_ assignment: Assignment) {
        self.assignment = assignment
        course = AttemptCourse(assignment.plan.attempts, limit: assignment.fleet.catalogue.policy.attemptLimit)
    }

    var ask: Ask { assignment.ask }
    var plan: Plan { assignment.plan }
    var fleet: Fleet { assignment.fleet }
    var settlement: Settlement { assignment.settlement }
    var now: @Sendable () -> Instant { assignment.now }
    var heartbeat: Heartbeat { assignment.heartbeat }
    var keepsUsage: Bool { assignment.keepsUsage }
    var deadline: Instant { assignment.deadline }

    /// Runs the plan.
    mutating func answer() async throws(AnswerFailure) -> Result {
        if mayHedge { fleet.hedging?.countRequest() }
        let delivery: Delivery?
        do { delivery = try await deliver(.answer) } catch { throw callerGone() }
        return try result(of: delivery)
    }

    private func result(of delivery: Delivery?) throws(AnswerFailure) -> Result {
        switch delivery {
        case nil: throw failed()
        case .whole(let attempt, let body, let usage): return whole(body, usage, by: attempt)
        case .stream(let opened):
            let seconds = settlement.seconds
            settlement.note { $0.firstContentSeconds = seconds }
            opened.attempt.deliver()
            return .stream(head(of: opened.attempt), AttemptStream(opened, run: self))
        }
    }

    private func whole(_ body: ByteBuffer, _ usage: Usage?, by attempt: OpenAttempt) -> Result {
        let head = head(of: attempt)
        attempt.deliver()
        attempt.succeed()
        let attempts = settlement.attempts
        settlement.note { $0.usage = usage }
        settlement.settle(.complete)
        return .whole(head, WholeAnswer(body: body, usage: usage, attempts: attempts))
    }

    /// Whether a stream that breaks off could be taken up, if there is somebody else to do it.
    func mayResume(hasAlternative: Bool) -> Bool {
        (ask.request.policy.onCut ?? fleet.catalogue.policy.onCut) == .resume && ask.request.canBeResumed && hasAlternative
    }

    /// Goes on with the plan behind an attempt that broke off; nil when no further attempt could take its answer up.
    ///
    /// - Parameters:
    ///   - text: what the caller has of it.
    ///   - fault: how it broke off.
    /// - Throws: `CancellationError` when the caller left.
    mutating func resume(_ delivered: DeliveredText, text: String, after fault: Fault) async throws -> OpenedStream? {
        course.follow(fault.meaning.remedy == .goLarger ? .nextLarger : .next)
        failures = []
        guard case .stream(let opened) = try await deliver(.continuation(delivered, text: text)) else { return nil }
        return opened
    }

    /// Makes attempts in the plan's order until one delivers; nil when none did.
    private mutating func deliver(_ aim: Aim) async throws -> Delivery? {
        while let planned = course.next, now() < deadline {
            guard let permit = fleet.admit(planned.deployment) else {
                course.passOver()
                continue
            }
            let attempt = open(planned, for: aim, as: aim.isContinuation ? .resumedPart : .answer, permit)
            course.begin()
            do {
                return try await reach(begin(attempt, aim), aim)
            } catch let failure as AttemptFailure {
                note(failure, of: attempt)
                let next = next(after: failure, aim)
                if case .again(let wait) = next { try await Task.sleep(for: wait, tolerance: .zero) }
                course.follow(next)
            }
        }
        return nil
    }

    /// An attempt that has its permit.
    func open(_ planned: Plan.Attempt, for aim: Aim, as kind: Receipt.Kind, _ permit: Fleet.Permit) -> OpenAttempt {
        let prompt = OpenAttempt.Prompt(
            isComparable: !aim.isContinuation && ask.request.needs.isDisjoint(with: [.vision, .audio]), conversation: ask.conversation)
        var hastyFaults = ask.request.policy.hastyFaults(on: planned.model, isStream: ask.request.isStream, total: plan.totalTimeout)
        // A member has a share of its team's time.
        if ask.member != nil, settlement.started.duration(to: deadline) < planned.model.timeouts.total { hastyFaults.insert(.totalTimeout) }
        return OpenAttempt(
            planned, for: kind, forecast: plan.forecast, prompt: prompt, permit: permit, fleet: fleet, settlement: settlement,
            requestID: ask.requestID, isStream: ask.request.isStream,
            hastyFaults: hastyFaults, member: ask.member?.book)
    }

    /// Ends an attempt that failed; later calls change nothing.
    mutating func note(_ failure: AttemptFailure, of attempt: OpenAttempt) {
        guard attempt.fail(failure.fault, retryAfter: failure.retryAfter) else { return }
        failures.append(failure)
    }

    private func next(after failure: AttemptFailure, _ aim: Aim) -> RetryRule.Next {
        let rule = RetryRule.next(
            after: failure.fault, retryAfter: failure.retryAfter, wasRetried: course.isRetry, jitter: assignment.random())
        switch rule {
        // A wait that outlasts the request helps nobody.
        case .again(let wait) where now().advanced(by: wait) >= deadline: return .next
        // The request was good enough for the attempt that broke off; what was refused is the way to go on.
        case .stop where aim.isContinuation: return .next
        default: return rule
        }
    }

    // MARK: No answer

    private func callerGone() -> AnswerFailure {
        settlement.settle(.callerGone)
        return AnswerFailure(error: GatewayError(.callerGone, .client, "The caller hung up."))
    }

    private func failed() -> AnswerFailure {
        let failure = AnswerFailure(
            after: failures, attempts: settlement.attempts, isLate: now() >= deadline, health: plan.attempts.map {
                fleet.breakers.availability(of: $0.deployment)
            }, passedOver: plan.passedOver)
        settlement.settle(.failed(failure.error.code))
        return failure
    }

    func head(of attempt: OpenAttempt) -> AnswerHead {
        AnswerHead(
            model: attempt.planned.model.name, deployment: attempt.planned.deployment.id, agent: plan.agent,
            routing: plan.routing, complexity: plan.complexity, reason: attempt.planned.reason,
            expectation: attempt.planned.model.index == plan.attempts.first?.model.index ? plan.expectation : nil,
            failedAttempts: settlement.attempts, hedge: hedge)
    }
}

extension AttemptRun {
    /// What is the same for all attempts. An object: a run is held in many places while it waits, and this is most of it.
    final class Assignment: Sendable {
        let ask: Ask
        let plan: Plan
        let fleet: Fleet
        let settlement: Settlement
        let now: @Sendable () -> Instant
        let random: @Sendable () -> Double
        let heartbeat: Heartbeat
        /// Whether a stream's usage chunk is passed on even if the caller has no use for it: others may.
        let keepsUsage: Bool
        /// All attempts share it.
        let deadline: Instant

        init(
            ask: Ask, plan: Plan, fleet: Fleet, settlement: Settlement, now: @escaping @Sendable () -> Instant,
            random: @escaping @Sendable () -> Double, heartbeat: Heartbeat, keepsUsage: Bool = false
        ) {
            self.ask = ask
            self.plan = plan
            self.fleet = fleet
            self.settlement = settlement
            self.now = now
            self.random = random
            self.heartbeat = heartbeat
            self.keepsUsage = keepsUsage
            let end = settlement.started.advanced(by: ask.request.policy.deadline ?? plan.totalTimeout)
            deadline = ask.member.map { min($0.latestEnd, end) } ?? end
        }
    }
}
