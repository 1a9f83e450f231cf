package import Core
import NIOCore
import Synchronization
import Wire

/// The cache as the gateway uses it: which requests it is for, under which key, what is kept and for how long.
package struct AnswerKeeping: Sendable {
    /// What the person who runs the gateway decides.
    package struct Settings: Sendable {
        /// Which requests the cache is for.
        package enum Use: String, Sendable, CaseIterable {
            /// None.
            case off
            /// Only those whose `cache` field asks for it.
            case asked
            /// All but those whose `cache` field declines it.
            case on
        }

        /// Who may share an answer.
        package enum Sharing: String, Sendable, CaseIterable { case tenant, user, session }

        /// Which requests the cache is for.
        package var use = Use.on
        /// Who may share an answer.
        package var sharing = Sharing.tenant
        /// Which answers are kept, and for how long.
        package var rule = StoreRule()
        /// How fast a cached answer is streamed, in tokens a second; nil at once.
        package var pace: Double?

        package init() {}
    }

    /// Where the answers are kept.
    package let cache: any AnswerCache
    let secrets: TenantSecrets
    /// The calls that several requests may wait for.
    package let flights: Flights
    let settings: Settings
    /// Milliseconds since 1970.
    let wallClock: @Sendable () -> Int64
    /// Returns when the secrets are where a crash does not take them.
    private let saveSecrets: @Sendable () async throws -> Void
    private let refusals = RefusalCounts()
    private let limits = TenantLimiter()

    /// - Parameters:
    ///   - flights: to be run as a service.
    ///   - wallClock: milliseconds since 1970.
    ///   - saveSecrets: returns when the secrets are where a crash does not take them, and throws what keeps them from there.
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
            wishes: wishes, moment: cache.moment)
    }

    private func sharing(of caller: Caller) -> CacheScope.Sharing? {
        switch settings.sharing {
        case .tenant: .tenant
        case .user: caller.user.map { .user($0) }
        case .session: caller.session.map { .session($0) }
        }
    }

    /// Whether something was forgotten since the course's moment that the answer to come may be part of.
    func isOutdated(_ course: CacheCourse, for ask: Ask) -> Bool {
        cache.mayBeOutdated(course.query.address.key, tags: tags(for: ask, on: course), since: course.moment)
    }

    /// Keeps a complete answer where the rules allow it. Why not, where they don't.
    ///
    /// - Parameter model: judges what was not judged for the plan.
    func keep(
        _ answer: WholeAnswer, _ head: AnswerHead, wasResumed: Bool, seconds: Double, for ask: Ask, on course: CacheCourse,
        by model: ComplexityModel
    ) -> StoreRefusal? {
        guard var signals = AnswerSignals(of: answer.body, for: ask.request) else { return refuse(.incomplete) }
        signals.wasResumed = wasResumed
        signals.isFromFallback = head.reason?.isSecondChoice ?? false
        if let refusal = settings.rule.refusal(of: signals, bytes: answer.body.readableBytes) { return refuse(refusal) }
        let life = settings.rule.life(
            of: (head.complexity ?? Complexity(of: ask.factsWithText, by: model)).tier, confidence: signals.confidence,
            asked: course.wishes.life)
        let isKept = cache.store(
            CachedAnswer(
                body: answer.body, model: head.model, deployment: head.deployment, usage: answer.usage, cost: answer.cost,
                createdAt: wallClock(), life: life, tags: tags(of: head) + tags(for: ask, on: course), seconds: seconds),
            at: course.query.address, session: course.query.session, since: course.moment)
        return isKept ? nil : refuse(.outdated)
    }

    private func tags(of head: AnswerHead) -> [CacheTag] {
        [.model(head.model)] + (head.agent.map { [.agent($0.id)] } ?? [])
    }

    /// What is known of an answer before there is one.
    func tags(for ask: Ask, on course: CacheCourse) -> [CacheTag] {
        let caller = ask.caller
        var tags = [CacheTag.tenant(caller.tenant)]
        if let user = caller.user { tags.append(.user(user, of: caller.tenant)) }
        if let session = caller.session { tags.append(.session(session, of: caller.tenant)) }
        return tags + course.wishes.tags.map { .own($0, of: caller.tenant) }
    }

    /// Forgets answers at a client's or an admin's wish.
    ///
    /// - Parameter client: the tenant that asks; nil for an admin, who is not bounded.
    /// - Throws: a ``GatewayError`` where the tenant has too many invalidations under way.
    package func invalidate(_ which: CacheInvalidation, for client: String?) async throws -> CacheInvalidationReport {
        try await limits.invalidating(for: client) { await cache.invalidate(which) }
    }

    /// Makes everything that was kept for a tenant unreadable, at once and for good, and takes it out of all tiers.
    ///
    /// - Parameter client: the tenant that asks; nil for an admin, who is not bounded.
    /// - Throws: a ``GatewayError`` where the tenant has too many invalidations under way, and what keeps the new secret from
    ///   being saved: until it is, a restart brings the old one back.
    package func forget(_ tenant: String, for client: String?) async throws -> CacheInvalidationReport {
        try await limits.invalidating(for: client) {
            _ = secrets.forget(tenant)
            // Saved before it takes time: a crash must not bring the old secret back, with what lies under it.
            var failure: (any Error)?
            do { try await saveSecrets() } catch { failure = error }
            let report = await cache.invalidate(.tag(.tenant(tenant)))
            if let failure { throw failure }
            return report
        }
    }

    /// Gives a tenant another secret; what was kept under the old one can be read for as long as `overlap`.
    ///
    /// - Returns: false for a tenant that nothing was kept for.
    /// - Throws: a ``GatewayError`` where the tenant got another one just now, and what keeps it from being saved.
    package func rotate(_ tenant: String, overlap: Duration) async throws -> Bool {
        guard secrets.has(tenant) else { return false }
        try limits.rotate(tenant)
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
    /// Since when an answer to it is made: what is forgotten later is not kept.
    var moment: CacheMoment
}

/// ``TenantLimits`` for all who come.
private final class TenantLimiter: Sendable {
    private let limits = Mutex(TenantLimits())

    /// - Parameter tenant: nil is not bounded.
    func invalidating<Result>(for tenant: String?, _ body: () async throws -> Result) async throws -> Result {
        guard let tenant else { return try await body() }
        try limits.withLock { try $0.beginInvalidation(of: tenant) }
        defer { limits.withLock { $0.endInvalidation(of: tenant) } }
        return try await body()
    }

    func rotate(_ tenant: String) throws { try limits.withLock { try $0.rotate(tenant, now: ContinuousClock.now) } }
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
