import Core
import Logging
import Synchronization

/// The benches of one catalogue's provider keys. A reload begins with all keys fit: it may be how an admin says that a key
/// was mended.
package final class KeyBenches: Sendable {
    /// By deployment index; nil for one that needs no key.
    private let benches: [SharedBench?]
    /// One a key.
    private let all: [SharedBench]
    private let now: @Sendable () -> Instant
    private let logger: Logger

    /// How one key stands. It shows the variable's name, never the key.
    package struct Report: Sendable, Equatable {
        /// The provider's id, from its second key on with the key's number.
        package let access: String
        package let variable: String
        /// Until it is tried again, where the provider has refused it; nil for a key that is in use.
        package let benchedFor: Duration?
    }

    init(catalogue: Catalogue, logger: Logger, now: @escaping @Sendable () -> Instant) {
        let deployments = catalogue.deployments
        var byAccess: [String: SharedBench] = [:]
        for deployment in deployments where deployment.isLive {
            guard let variable = deployment.keyVariable, byAccess[deployment.access] == nil else { continue }
            byAccess[deployment.access] = SharedBench(access: deployment.access, variable: variable)
        }
        benches = deployments.map { byAccess[$0.access] }
        all = byAccess.values.sorted { $0.access < $1.access }
        self.now = now
        self.logger = logger
    }

    /// Whether none is benched; costs no lock.
    var areFit: Bool { all.allSatisfy(\.isFit) }

    /// The keys that must not be used now, by access, with the time until they may; empty while all are fit, which costs no
    /// lock.
    func benched() -> [String: Duration] {
        if areFit { return [:] }
        let now = now()
        return all.reduce(into: [:]) { benched, bench in
            if case .refused(let wait) = bench.change({ $0.availability(now: now) }) { benched[bench.access] = wait }
        }
    }

    /// What the key of a deployment would say to a call now.
    func availability(of deployment: Deployment) -> Breaker.Availability {
        guard let bench = benches[deployment.index], !bench.isFit else { return .ready }
        let now = now()
        return bench.change { $0.availability(now: now) }
    }

    /// nil when the deployment's key is benched. A fit key costs no lock, neither here nor when its call ends well.
    func admit(_ deployment: Deployment) -> KeyBench.Pass? {
        guard let bench = benches[deployment.index] else { return KeyBench.Pass(epoch: 0) }
        if let epoch = bench.fitEpoch { return KeyBench.Pass(epoch: epoch) }
        let now = now()
        return bench.change { $0.admit(now: now) }
    }

    func settle(_ deployment: Deployment, _ pass: KeyBench.Pass, _ verdict: Breaker.Verdict) {
        guard let bench = benches[deployment.index], !bench.isFit || verdict.blamesKey else { return }
        let now = now()
        guard let change = bench.change({ $0.settle(pass, verdict, now: now) }) else { return }
        let metadata: Logger.Metadata = ["provider": "\(deployment.provider)", "variable": "\(bench.variable)"]
        switch change {
        case .benched(let length):
            logger.warning("the provider refused a key, which rests for \(length.seconds) s", metadata: metadata)
        case .lifted:
            logger.notice("the provider takes a key again", metadata: metadata)
        }
    }

    package func reports() -> [Report] {
        let now = now()
        return all.map { bench in
            let wait: Duration? =
                switch bench.change({ $0.availability(now: now) }) {
                case .ready: nil
                case .probeDue: .zero
                case .refused(let wait): wait
                }
            return Report(access: bench.access, variable: bench.variable, benchedFor: wait)
        }
    }
}

/// One key's bench and its lock.
private final class SharedBench: Sendable {
    let access: String
    let variable: String
    private let bench = Mutex(KeyBench())
    /// The key's epoch while it is fit, else `benched`. Written under the lock; read without it by calls and plans, which may
    /// be a moment late.
    private let epoch = Atomic<UInt64>(0)
    private static let benched = UInt64.max

    init(access: String, variable: String) {
        self.access = access
        self.variable = variable
    }

    var fitEpoch: UInt64? {
        let epoch = epoch.load(ordering: .relaxed)
        return epoch == Self.benched ? nil : epoch
    }
    var isFit: Bool { fitEpoch != nil }

    /// The one way to the bench.
    func change<Result: Sendable>(_ body: (inout KeyBench) -> Result) -> Result {
        bench.withLock { bench in
            let result = body(&bench)
            epoch.store(bench.fitEpoch ?? Self.benched, ordering: .relaxed)
            return result
        }
    }
}

extension Breaker.Verdict {
    fileprivate var blamesKey: Bool { if case .fault(let fault, _) = self { fault.meaning.blame == .key } else { false } }
}
