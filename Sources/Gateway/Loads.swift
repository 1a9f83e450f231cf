package import Core
import Synchronization

/// How busy and quick one catalogue's deployments are, and how its models count tokens. Like ``Breakers``, the measurements outlive the catalogue.
///
/// An attempt costs two atomics for the calls in flight and one short lock for its latency.
package final class Loads: DeploymentMeasures {
    private let places: [DeploymentPlace]
    /// By deployment index.
    private let meters: [Meter]
    /// By model index.
    private let turns: [Turn]
    let lengths: AnswerLengths
    /// By model index.
    private let tokens: [TokenCount]
    private let models: [String]
    private let now: @Sendable () -> Instant

    /// What a provider's fault counts as at least, in seconds: a deployment that fails quickly must not look quick.
    static let faultLatency: Double = 5

    init(catalogue: Catalogue, continuing previous: Loads? = nil, now: @escaping @Sendable () -> Instant) {
        places = catalogue.places
        self.now = now
        let known = previous.map { Dictionary(zip($0.places, $0.meters)) { first, _ in first } } ?? [:]
        meters = places.map { known[$0] ?? Meter() }
        turns = catalogue.models.map { _ in Turn() }
        lengths = AnswerLengths(catalogue: catalogue, continuing: previous?.lengths)
        models = catalogue.models.map(\.name)
        let counts = previous.map { Dictionary(zip($0.models, $0.tokens)) { first, _ in first } } ?? [:]
        tokens = models.map { counts[$0] ?? TokenCount() }
    }

    func begin(_ deployment: Deployment) { meters[deployment.index].inFlight.add(1, ordering: .relaxed) }

    func end(_ deployment: Deployment) { meters[deployment.index].inFlight.subtract(1, ordering: .relaxed) }

    /// Notes how long an answer's first content took, in seconds; for one that is not streamed, the whole answer.
    func observe(_ seconds: Double, of deployment: Deployment, isStream: Bool) {
        let now = now()
        meters[deployment.index].latency.withLock { $0[isStream].observe(seconds, now: now) }
    }

    /// Notes that an answer's first content was not there after so many seconds, when nobody waited longer: where that is more than
    /// was usual of late, it is slower than that.
    func observe(atLeast seconds: Double, of deployment: Deployment, isStream: Bool) {
        let now = now()
        meters[deployment.index].latency.withLock {
            if seconds > $0[isStream].value(now: now) { $0[isStream].observe(seconds, now: now) }
        }
    }

    /// Notes a provider's fault after so many seconds.
    func observeFault(after seconds: Double, of deployment: Deployment, isStream: Bool) {
        observe(max(seconds, Self.faultLatency), of: deployment, isStream: isStream)
    }

    package func load(of deployment: Deployment, isStream: Bool) -> DeploymentLoad {
        let meter = meters[deployment.index]
        let now = now()
        return DeploymentLoad(
            inFlight: meter.inFlight.load(ordering: .relaxed),
            latency: meter.latency.withLock { $0[isStream].value(now: now) })
    }

    /// Notes what a provider reported for a prompt of so many tokens by the estimate.
    func observeTokens(_ reported: Int, estimated: Int, of model: Model) {
        tokens[model.index].correction.withLock { $0.observe(estimated: estimated, reported: reported) }
    }

    package func tokenFactor(of model: Model) -> Double { tokens[model.index].correction.withLock { $0.factor } }

    package func nextTurn(of model: Model) -> Int {
        turns[model.index].number.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    package func answerLength(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int) {
        lengths.expected(of: model, kind)
    }
}

private final class Meter: Sendable {
    let inFlight = Atomic<Int>(0)
    let latency = Mutex(Latencies())

    struct Latencies {
        private var streamed = PeakEWMA()
        private var whole = PeakEWMA()

        subscript(isStream: Bool) -> PeakEWMA {
            get { isStream ? streamed : whole }
            set { if isStream { streamed = newValue } else { whole = newValue } }
        }
    }
}

private final class TokenCount: Sendable {
    let correction = Mutex(TokenCorrection())
}

private final class Turn: Sendable {
    let number = Atomic<Int>(0)
}
