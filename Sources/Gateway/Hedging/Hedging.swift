package import Core
import Synchronization

/// What hedging needs to know of one catalogue's deployments, and what came of it. There is none while it is off. Like ``Breakers``,
/// what is known outlives the catalogue.
///
/// A request costs two short locks, and its first content a third.
package final class Hedging: Sendable {
    private let places: [DeploymentPlace]
    /// By deployment index.
    private let tails: [Tail]
    private let book: Book
    private let now: @Sendable () -> Instant

    /// nil where the catalogue's policy has it off.
    init?(catalogue: Catalogue, continuing previous: Hedging? = nil, now: @escaping @Sendable () -> Instant) {
        guard catalogue.policy.hedge == .on else { return nil }
        places = catalogue.places
        self.now = now
        let known = previous.map { Dictionary(zip($0.places, $0.tails)) { first, _ in first } } ?? [:]
        tails = places.map { known[$0] ?? Tail() }
        book = previous?.book ?? Book()
    }

    // MARK: What is usual

    /// How long 95 of 100 of a deployment's first contents take at most; for answers that are not streamed, whole answers. nil
    /// while too little is known.
    func usual(of deployment: Deployment, isStream: Bool) -> Duration? {
        let now = now()
        return tails[deployment.index].latencies.withLock { $0[isStream].p95(now: now) }
    }

    /// Notes how long a first content took, in seconds.
    func observe(_ seconds: Double, of deployment: Deployment, isStream: Bool) {
        let now = now()
        tails[deployment.index].latencies.withLock { $0[isStream].observe(seconds, now: now) }
    }

    /// Notes that a call was ended after so many seconds, still without its first content, because another one had answered.
    func observe(atLeast seconds: Double, of deployment: Deployment, isStream: Bool) {
        let now = now()
        tails[deployment.index].latencies.withLock { $0[isStream].observe(atLeast: seconds, now: now) }
    }

    // MARK: The budget

    /// A request has come, hedged or not.
    func countRequest() {
        book.page.withLock { page in
            page.budget.earn()
            page.report.requests += 1
        }
    }

    /// Whether a hedge may be started now; it is counted as if it were.
    func begin() -> Bool {
        book.page.withLock { page in
            guard page.budget.spend() else { return false }
            page.report.started += 1
            return true
        }
    }

    /// The hedge was not started after all.
    func takeBack() {
        book.page.withLock { page in
            page.budget.giveBack()
            page.report.started -= 1
        }
    }

    // MARK: What came of it

    /// A hedge answered first.
    func countWin() { book.page.withLock { $0.report.won += 1 } }

    /// A call was cancelled because the other one answered first.
    ///
    /// - Parameter charge: nil for one that had ended before.
    func countWaste(_ charge: Charge?) {
        guard let charge else { return }
        book.page.withLock { page in
            page.report.wastedCalls += 1
            if let amount = charge.amount { page.report.wasted = page.report.wasted + amount } else { page.report.unknownWaste += 1 }
        }
    }

    package var report: HedgeReport { book.page.withLock { $0.report } }
}

/// What came of hedging, since it was switched on.
package struct HedgeReport: Sendable, Equatable {
    package internal(set) var requests = 0
    package internal(set) var started = 0
    /// Those that answered first.
    package internal(set) var won = 0
    /// Calls that were cancelled because another one answered first: late ones, or hedges.
    package internal(set) var wastedCalls = 0
    /// What they cost, mostly estimated.
    package internal(set) var wasted = Money.zero
    /// Those of them that nobody knows the cost of.
    package internal(set) var unknownWaste = 0

    package init() {}
}

/// What catalogues hand on to one another.
private final class Book: Sendable {
    struct Page {
        var budget = HedgeBudget()
        var report = HedgeReport()
    }

    let page = Mutex(Page())
}

private final class Tail: Sendable {
    let latencies = Mutex(Latencies())

    struct Latencies {
        private var streamed = TailLatency()
        private var whole = TailLatency()

        subscript(isStream: Bool) -> TailLatency {
            _read { if isStream { yield streamed } else { yield whole } }
            _modify { if isStream { yield &streamed } else { yield &whole } }
        }
    }
}
