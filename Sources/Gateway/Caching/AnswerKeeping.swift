package import Core
import NIOCore
import Synchronization
import Wire

/// The cache as the gateway uses it: which requests it is for, under which key, what is kept and for how long.
package struct AnswerKeeping: Sendable {
    package struct Settings: Sendable {
        /// Which requests the cache is for.
        package enum Use: String, Sendable, CaseIterable {
            case off
            /// Only those whose `cache` field asks for it.
            case asked
            case on
        }

        /// Who may share an answer.
        package enum Sharing: String, Sendable, CaseIterable { case tenant, user, session }

        package var use = Use.on
        package var sharing = Sharing.tenant
        package var rule = StoreRule()
        /// How fast a cached answer is streamed, in tokens a second; nil at once.
        package var pace: Double?

        package init() {}
    }

    package let cache: any AnswerCache
    let secrets: TenantSecrets
    package let flights: Flights
    let settings: Settings
    /// Milliseconds since 1970.
    let wallClock: @Sendable () -> Int64
    /// Returns when the secrets are where a crash does not take them.
    private let saveSecrets: @Sendable () async throws -> Void
    private let refusals = RefusalCounts()

    package init(
        cache: any AnswerCache, secrets: TenantSecrets, flights: Flights, settings: Settings = Settings(),
        wallClock: @escaping @Sendable () -> Int64, saveSecrets: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.cache = cache
        self.secrets = secrets
        self.flights = flights
        self.settings = settings
        self.wallClock = wallClock
        self.saveSecrets = saveSecrets
    }

    /// Where a request's answer lies, and what its caller wants; nil where the cache is not used for it.
    func course(for ask: Ask, by route: Planner.Route, in catalogue: Catalogue) -> CacheCourse? {
        let target = ask.target.name
        return course(
            for: ask, labels: CacheLabels(agent: route.agent?.id, model: target, route: "chat"),
            subject: CacheSubject(
                route: "chat", target: target + "\u{0}" + ask.priority.rawValue, targetVersion: catalogue.version(of: ask.target),
                voices: route.agent.map { [CacheSubject.Voice($0)] } ?? []),
            leavingOut: .ofChat)
    }

    /// The same for whatever is asked for.
    func course(
        for ask: Ask, labels: CacheLabels, subject: @autoclosure () -> CacheSubject, leavingOut omissions: CanonicalOmissions
    ) -> CacheCourse? {
        let wishes = ask.cache
        switch settings.use {
        case .off: return nil
        case .asked: guard wishes.isWanted == true else { return nil }
        case .on: guard wishes.isWanted != false else { return nil }
        }
        guard let sharing = sharing(of: ask.caller), let keys = secrets.secrets(of: ask.caller.tenant) else { return nil }
        let scope = CacheScope(tenant: ask.caller.tenant, sharing: sharing, namespace: wishes.namespace ?? "")
        let subject = subject()
        let (address, former) = ask.request.withCanonicalBytes(leavingOut: omissions) { canonical in
            func address(_ secret: TenantSecret) -> CacheAddress {
                CacheAddress(CacheKey(scope: scope, subject: subject, canonical: canonical, secret: secret), secret: secret)
            }
            return (address(keys.current), keys.former.map(address))
        }
        return CacheCourse(
            query: CacheQuery(
                address: address, former: former,
                session: ask.caller.session.map { "\(ask.caller.tenant.utf8.count):\(ask.caller.tenant):\($0)" },
                maximumAge: wishes.maximumAge, labels: labels),
            wishes: wishes)
    }

    private func sharing(of caller: Caller) -> CacheScope.Sharing? {
        switch settings.sharing {
        case .tenant: .tenant
        case .user: caller.user.map { .user($0) }
        case .session: caller.session.map { .session($0) }
        }
    }

    /// Keeps a complete answer where the rules allow it. Why not, where they don't.
    func keep(_ answer: WholeAnswer, _ head: AnswerHead, wasResumed: Bool, seconds: Double, for ask: Ask, on course: CacheCourse)
        -> StoreRefusal?
    {
        guard var signals = AnswerSignals(of: answer.body, for: ask.request) else { return refuse(.incomplete) }
        signals.wasResumed = wasResumed
        signals.isFromFallback = head.reason == .fallback || head.reason == .standIn
        if let refusal = settings.rule.refusal(of: signals, bytes: answer.body.readableBytes) { return refuse(refusal) }
        let life = settings.rule.life(
            of: (head.complexity ?? Complexity(of: ask.factsWithText)).tier, confidence: signals.confidence,
            asked: course.wishes.life)
        cache.store(
            CachedAnswer(
                body: answer.body, model: head.model, deployment: head.deployment, agent: head.agent?.id, usage: answer.usage,
                cost: answer.cost, createdAt: wallClock(), life: life, confidence: signals.confidence,
                    tags: tags(agents: head.agent.map { [$0.id] } ?? [], models: [head.model], for: ask, on: course), seconds: seconds),
            at: course.query.address, session: course.query.session)
        return nil
    }

    /// What an answer of these can be invalidated by.
    func tags(agents: [String], models: [String], for ask: Ask, on course: CacheCourse) -> [CacheTag] {
        let caller = ask.caller
        var tags = [CacheTag.tenant(caller.tenant)] + models.map(CacheTag.model) + agents.map(CacheTag.agent)
        if let user = caller.user { tags.append(.user(user, of: caller.tenant)) }
        if let session = caller.session { tags.append(.session(session, of: caller.tenant)) }
        return tags + course.wishes.tags.map { .own($0, of: caller.tenant) }
    }

    /// Makes everything that was kept for a tenant unreadable, at once and for good, and takes it out of all tiers.
    ///
    /// - Throws: what keeps the new secret from being saved: until it is, a restart brings the old one back.
    package func forget(_ tenant: String) async throws -> CacheInvalidationReport {
        _ = secrets.forget(tenant)
        let report = await cache.invalidate(.tag(.tenant(tenant)))
        try await saveSecrets()
        return report
    }

    /// Gives a tenant another secret; what was kept under the old one can be read for as long as `overlap`.
    ///
    /// - Returns: false for a tenant that nothing was kept for.
    package func rotate(_ tenant: String, overlap: Duration) async throws -> Bool {
        guard secrets.rotate(tenant, overlap: overlap) else { return false }
        try await saveSecrets()
        return true
    }

    /// Counts an answer that is not kept.
    @discardableResult
    func refuse(_ refusal: StoreRefusal) -> StoreRefusal {
        refusals.count(refusal)
        return refusal
    }

    /// What is not in the cache's own report.
    package var report: FlightReport {
        let (running, joins) = flights.figures
        return FlightReport(joins: joins, running: running, refusedStores: refusals.all)
    }
}

/// A request's way through the cache.
struct CacheCourse: Sendable {
    let query: CacheQuery
    let wishes: CacheDirectives
}

/// How often answers were not kept, by reason.
private final class RefusalCounts: Sendable {
    private let counts = Mutex<[StoreRefusal: Int]>([:])

    func count(_ refusal: StoreRefusal) { counts.withLock { $0[refusal, default: 0] += 1 } }

    var all: [String: Int] {
        counts.withLock { counts in Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, $1) }) }
    }
}

extension Ask {
    /// With the text that the complexity is read from, whatever is asked for.
    fileprivate var factsWithText: RequestFacts {
        var facts = facts
        if facts.text.isEmpty { facts.text = request.lastUserText }
        return facts
    }
}

extension RequestFacts.Target {
    /// In one word, as callers would write it.
    fileprivate var name: String {
        switch self {
        case .auto: "auto"
        case .anyModel: "any"
        case .agent(let id): "agent/\(id)"
        case .model(let name): name
        case .agentOnModel(let agent, let model): "agent/\(agent)@\(model)"
        case .autoOnModel(let model): "auto@\(model)"
        }
    }
}
