import Cache
import Core
import Edge
import Foundation
import Gateway
import Synchronization
import TestKit
import Testing

/// Random requests, random faults, callers who leave, a Redis that dies and returns, answers forgotten and secrets rotated at random
/// moments: every answer must be the one to exactly that question, and no tenant's ever another's.
///
/// `QUINTET_LOAD_SECONDS` says how long, `QUINTET_LOAD_SEED` draws other requests.
@Suite struct CacheLoadTests {
    private static let seconds = number("QUINTET_LOAD_SECONDS") ?? 15
    private static let seed = UInt64(number("QUINTET_LOAD_SEED") ?? 1)
    private static let workers = 10

    private static func number(_ variable: String) -> Int? { ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } }

    @Test(.timeLimit(.minutes(seconds / 60 + 2))) func everyAnswerIsTheRightOne() async throws {
        let directory = NSTemporaryDirectory() + "quintet-load-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        guard RedisServer.missing == nil else { return try await Self.run(nil, directory) }
        try await RedisServer.run { try await Self.run($0, directory) }
    }

    private static func run(_ redis: RedisServer?, _ directory: String) async throws {
        let (first, second) = (LoadProvider(seed: seed &+ 1000), LoadProvider(seed: seed &+ 2000))
        try await withScriptedProvider(handler: { request, _ in first.script(for: request) }) { one in
            try await withScriptedProvider(handler: { request, _ in second.script(for: request) }) { other in
                try await ServedGateway.run(backends(one, other), options(redis, directory)) { gateway in
                    let load = CacheLoad(gateway: gateway, redis: redis, end: .now + .seconds(seconds))
                    try await load.run(seed: seed, workers: workers)
                    try await load.checkTheEnd()
                }
            }
        }
    }

    /// A model and its fallback, at providers who fail as often.
    private static func backends(_ one: ScriptedProvider, _ other: ScriptedProvider) -> [ServedGateway.Backend] {
        var timeouts = Timeouts()
        (timeouts.firstContent, timeouts.answer, timeouts.stall, timeouts.total) = (.seconds(2), .seconds(2), .seconds(2), .seconds(20))
        return [
            .init(provider: one, fallbacks: ["other"], timeouts: timeouts, limit: 20),
            .init(provider: other, name: "other", timeouts: timeouts, limit: 20),
        ]
    }

    private static func options(_ redis: RedisServer?, _ directory: String) -> ServedGateway.Options {
        // Memory so small that all tiers have work.
        let tiers = TieredCache.Settings(
            memory: .init(entries: 25, bytes: 1 << 20, life: .seconds(3)),
            session: .init(entries: 60, bytes: 1 << 20, life: .seconds(5), entriesPerSession: 15))
        let start = ContinuousClock.now
        return ServedGateway.Options(
            keys: CacheLoad.tenants, adminToken: CacheLoad.admin, stateDirectory: directory,
            // The breakers' waits pass quickly: what is tested here are answers.
            now: { start + (.now - start) * 60 }, cache: .init(tiers: tiers, redisPort: redis?.port))
    }
}

/// The load itself, and what it has seen.
private final class CacheLoad: Sendable {
    static let tenants = ["client-of-the-first", "client-of-the-second", "client-of-the-third"]
    static let admin = "the-admin-token"

    private struct Seen {
        /// Whose answer a call's was.
        var owners: [Int: String] = [:]
        /// Calls up to this number were made before the tenant's answers were forgotten.
        var floors = [0, 0, 0]
        /// How requests ended, in a word.
        var endings: [String: Int] = [:]
        var hits: [String: Int] = [:]
        var faults = 0
    }

    private let gateway: ServedGateway
    private let redis: RedisServer?
    private let end: ContinuousClock.Instant
    private let seen = Mutex(Seen())

    init(gateway: ServedGateway, redis: RedisServer?, end: ContinuousClock.Instant) {
        (self.gateway, self.redis, self.end) = (gateway, redis, end)
    }

    func run(seed: UInt64, workers: Int) async throws {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var random = SplitMix64(seed: seed &* 100 &+ UInt64(worker))
                    while self.isGoingOn { try await self.ask(LoadRequest(using: &random)) }
                }
            }
            group.addTask {
                var random = SplitMix64(seed: seed &* 100 &+ 99)
                while self.isGoingOn {
                    try await self.forget(using: &random)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 20...200, using: &random)))
                }
            }
            if let redis {
                group.addTask { [end] in
                    try await Task.sleep(until: start + (end - start) / 3)
                    try await redis.kill()
                    try await Task.sleep(until: start + (end - start) / 2)
                    try await redis.start()
                }
            }
            try await group.waitForAll()
        }
    }

    /// A load that has found enough faults need not go on.
    private var isGoingOn: Bool { .now < end && seen.withLock { $0.faults } < 10 }

    private func complain(_ fault: String, _ request: LoadRequest) {
        seen.withLock { $0.faults += 1 }
        Issue.record("\(fault)\n\(request)")
    }

    // MARK: Asking

    private func ask(_ request: LoadRequest) async throws {
        let floor = seen.withLock { $0.floors[request.tenant] }
        let client = try await RawClient.connect(port: gateway.port, limit: .seconds(60))
        try await client.send("POST", "/v1/chat/completions", headers: request.headers, body: request.body)
        if request.leaves == .atOnce {
            await client.close()
            return count("left")
        }
        let head = try await client.readHead(limit: .seconds(60))
        if request.leaves == .behindTheHead {
            await client.close()
            return count("left")
        }
        let body = String(decoding: try await client.readBody(limit: .seconds(60)), as: UTF8.self)
        await client.close()
        let word = head.headers["x-quintet-cache"] ?? ""
        if let fault = fault(head, body, request, floor) { complain("\(head.status) \(word): \(fault)", request) }
    }

    private func fault(_ head: ResponseHead, _ body: String, _ request: LoadRequest, _ floor: Int) -> String? {
        guard head.status == 200 else {
            count("\(head.status)")
            if head.status == 504, request.isOnlyIfCached || request.isHasty { return nil }
            return [429, 502, 503, 504].contains(head.status) && body.contains(#""error""#) ? nil : body
        }
        let word = head.headers["x-quintet-cache"] ?? ""
        let reading = request.isStream ? LoadReading(stream: body) : LoadReading(whole: body)
        count(reading.ending == .broken ? "broken" : word)
        if word == "hit" {
            let status = head.headers["cache-status"] ?? ""
            guard let tier = status.split(separator: "detail=").last else { return "no tier in '\(status)'" }
            seen.withLock { $0.hits[String(tier), default: 0] += 1 }
            if request.wantsFresh { return "an old answer, for who wants a fresh one" }
            if head.headers["x-quintet-cost-usd"] != "0" { return "a hit that costs" }
            if let oldest = request.oldest, Int(head.headers["age"] ?? "") ?? .max > oldest { return "too old" }
        }
        if request.isOnlyIfCached, word != "hit", word != "joined" { return "it was not in the cache" }
        if let fault = reading.fault(for: request.question, isHit: word == "hit") { return fault }
        return seen.withLock { seen in
            for call in reading.calls {
                if call <= floor { return "call \(call) was made before the tenant was forgotten, at \(floor)" }
                if let owner = seen.owners.updateValue(request.owner, forKey: call), owner != request.owner {
                    return "call \(call) was made for \(owner)"
                }
            }
            return nil
        }
    }

    private func count(_ ending: String) { seen.withLock { $0.endings[ending, default: 0] += 1 } }

    // MARK: Forgetting

    /// Something of what admins and clients may do to the cache.
    private func forget(using random: inout SplitMix64) async throws {
        let tenant = Int.random(in: 0..<Self.tenants.count, using: &random)
        let number = Int.random(in: 0..<4, using: &random)
        let calls = LoadProvider.calls.load(ordering: .sequentiallyConsistent)
        let (path, body, bearer): (String, String, String) =
            switch Int.random(in: 0..<20, using: &random) {
            case 0: ("invalidate", #"{"all":true}"#, Self.admin)
            case 1: ("invalidate", #"{"model":"model"}"#, Self.admin)
            case 2: ("invalidate", #"{"glob":"v1:*\#(number)*"}"#, Self.admin)
            case 3...4: ("invalidate", #"{"tenant":"self"}"#, Self.tenants[tenant])
            case 5...8: ("invalidate", #"{"user":"u\#(number)"}"#, Self.tenants[tenant])
            case 9...12: ("invalidate", #"{"session":"s\#(number)"}"#, Self.tenants[tenant])
            case 13...16: ("invalidate", #"{"tag":"t\#(number)"}"#, Self.tenants[tenant])
            case 17: ("rotate", #"{"overlap_seconds":0}"#, Self.tenants[tenant])
            default: ("rotate", #"{"overlap_seconds":2}"#, Self.tenants[tenant])
            }
        let answer = try await gateway.cache(path, body, as: bearer)
        // A tenant that has not asked yet has no secret.
        #expect([200, 429].contains(answer.status) || path == "rotate" && answer.status == 400, "\(body): \(answer.json)")
        if body.contains("self"), answer.status == 200 { seen.withLock { $0.floors[tenant] = max($0.floors[tenant], calls) } }
    }

    // MARK: The end

    func checkTheEnd() async throws {
        let keeping = try #require(gateway.gateway.keeping)
        let seen = seen.withLock { $0 }
        #expect(seen.faults == 0)
        try await withHardLimit("an end of all calls", limit: .seconds(30)) { [self] in
            while keeping.report.running > 0 || gateway.gateway.pools.contains(where: { $0.inUse + $0.waiting > 0 }) {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        if redis != nil {
            try await gateway.wait(for: "Redis again, and all written") { report in
                guard case .connected = report.remote?.condition else { return false }
                return report.remote?.queued == 0 && report.remote?.pendingInvalidations == 0
            }
        }
        let report = try gateway.figures()
        let (memory, session) = (try #require(report.memory), try #require(report.session))
        #expect(report.lookups.hits == memory.hits + session.hits + (report.remote?.hits ?? 0), "one lookup is a hit of one tier")
        if let remote = report.remote { #expect(remote.misses == report.lookups.misses && remote.unreadable == 0) }
        #expect(report.models == ["model": report.lookups] && report.routes == ["chat": report.lookups])
        #expect(memory.entries <= memory.entryLimit && memory.bytes <= memory.byteLimit && session.entries <= session.entryLimit)
        // Of those who left, and of those who joined a call that found something in Redis, nobody knows.
        let told = seen.hits.values.reduce(0, +)
        #expect(report.lookups.hits <= told + seen.endings["left", default: 0])
        #expect(told <= report.lookups.hits + keeping.report.joins)
        // A load that reaches nothing proves nothing.
        let tiers = redis == nil ? ["L1", "L2"] : ["L1", "L2", "L3"]
        for tier in tiers { #expect(seen.hits[tier, default: 0] > 0, "no hit in \(tier)") }
        for ending in ["miss", "hit", "joined", "bypass", "left", "broken", "504"] {
            #expect(seen.endings[ending, default: 0] > 0, "no '\(ending)' among \(seen.endings)")
        }
        let (status, json) = try await gateway.cache("stats", as: Self.admin)
        #expect(status == 200 && (json["flights"] as? NSDictionary)?["running"] as? Int == 0)
        if ProcessInfo.processInfo.environment["QUINTET_LOAD_SECONDS"] != nil {
            print("load: \(seen.endings.sorted { $0.key < $1.key }), hits \(seen.hits), \(seen.owners.count) calls answered")
        }
    }
}

/// One request of the load.
private struct LoadRequest: Sendable, CustomStringConvertible {
    enum Leaving: Sendable { case never, atOnce, behindTheHead }

    let tenant: Int
    let question: LoadQuestion
    let isStream: Bool
    let headers: HeaderList
    let body: String
    private(set) var leaves = Leaving.never
    /// Within whom answers may be shared.
    let owner: String
    var isOnlyIfCached = false
    var isHasty = false
    var wantsFresh = false
    var oldest: Int?

    var description: String { "\(CacheLoad.tenants[tenant]) \(body) \(headers)" }

    init(using random: inout SplitMix64) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        tenant = Int.random(in: 0..<CacheLoad.tenants.count, using: &random)
        let rank = Self.rank(using: &random)
        // Odd prompts are the same for all tenants; what tells their answers apart is the call that made them.
        let prompt = rank.isMultiple(of: 2) ? "\(CacheLoad.tenants[tenant]) asks \(rank)" : "everybody asks \(rank)"
        question = LoadQuestion(
            prompt: prompt, choices: chance(10) ? 2 : 1, hasTools: chance(10), temperature: chance(10) ? Int.random(in: 0...1, using: &random) : nil)
        isStream = chance(50)
        var fields = [#""messages":[{"role":"user","content":\#(Chat.quote(prompt))}]"#, #""model":"model""#, #""stream":\#(isStream)"#]
        if isStream, chance(50) { fields.append(#""stream_options":{"include_usage":true}"#) }
        if question.choices > 1 { fields.append(#""n":\#(question.choices)"#) }
        if question.hasTools { fields.append(#""tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}]"#) }
        if let temperature = question.temperature { fields.append(#""temperature":\#(temperature)"#) }
        if chance(50) { fields.append(#""user":"u\#(Int.random(in: 0..<4, using: &random))""#) }
        var headers: HeaderList = ["Content-Type": "application/json", "Authorization": "Bearer \(CacheLoad.tenants[tenant])"]
        if chance(60) { headers.append("x-quintet-session", "s\(Int.random(in: 0..<4, using: &random))") }
        var wishes: [String] = []
        var namespace = ""
        switch Int.random(in: 0..<50, using: &random) {
        case 0...1: (wantsFresh, _) = (true, headers.append("Cache-Control", "no-cache"))
        case 2: (wantsFresh, _) = (true, wishes.append(#""no-cache":true"#))
        case 3: headers.append("Cache-Control", "no-store")
        case 4: wishes.append(#""no-store":true"#)
        case 5...6: (oldest, _) = (1, headers.append("Cache-Control", "max-age=1"))
        case 7...9: (isOnlyIfCached, _) = (true, headers.append("Cache-Control", "only-if-cached"))
        case 10...12: wishes.append(#""ttl":1"#)
        case 13...15:
            namespace = "apart"
            wishes.append(#""namespace":"apart""#)
        case 16: (wantsFresh, _) = (true, wishes.append(#""use-cache":false"#))
        case 17...25: wishes.append(#""tags":["t\#(Int.random(in: 0..<4, using: &random))"]"#)
        case 26...27:
            isHasty = true
            fields.append(#""quintet":{"deadline_seconds":0.02}"#)
        default: break
        }
        if !wishes.isEmpty { fields.append(#""cache":{\#(wishes.joined(separator: ","))}"#) }
        if chance(6) { leaves = chance(50) ? .atOnce : .behindTheHead }
        fields.shuffle(using: &random)
        body = "{\(fields.joined(separator: chance(50) ? "," : " , "))}"
        self.headers = headers
        owner = "\(tenant)/\(namespace)"
    }

    /// 0…39, by Zipf's law.
    private static func rank(using random: inout SplitMix64) -> Int {
        let weights = (1...40).map { 1 / Double($0) }
        var point = Double.random(in: 0..<weights.reduce(0, +), using: &random)
        return weights.firstIndex { weight in
            point -= weight
            return point < 0
        } ?? 0
    }
}
