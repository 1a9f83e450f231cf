import Cache
import Core
import Gateway
import NIOCore
import TestKit

/// A Redis store that runs while a test does.
final class RunningRedisStore: Sendable {
    let store: RedisStore
    private let changes: Watched<[RemoteCondition]>

    private init(_ settings: RedisSettings) throws {
        let changes = Watched<[RemoteCondition]>([])
        self.changes = changes
        store = try RedisStore(settings) { condition in changes.update { $0.append(condition) } }
    }

    /// Settings that make no test wait for a second chance.
    static func settings(_ address: RedisAddress) -> RedisSettings {
        var settings = RedisSettings(address: address)
        settings.connectTimeout = .seconds(5)
        settings.commandTimeout = .seconds(5)
        settings.silence = .seconds(5)
        settings.pingInterval = .milliseconds(20)
        settings.pingsPerFigures = 1
        settings.writeRest = .milliseconds(50)
        settings.reconnect.slow = .milliseconds(50)
        return settings
    }

    static func settings(port: Int) throws -> RedisSettings { settings(try RedisAddress(host: "127.0.0.1", port: port)) }

    static func run(
        _ settings: RedisSettings, isolation: isolated (any Actor)? = #isolation,
        _ body: (RunningRedisStore) async throws -> Void
    ) async throws {
        let running = try RunningRedisStore(settings)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await running.store.run() }
            defer { group.cancelAll() }
            try await body(running)
        }
    }

    /// A store of a real server, connected.
    static func withRedis(
        _ options: [String] = [], _ body: (RedisServer, RunningRedisStore) async throws -> Void
    ) async throws {
        try await RedisServer.run(options) { server in
            try await run(settings(port: server.port)) { running in
                try await running.waitUntilConnected()
                try await body(server, running)
            }
        }
    }

    // MARK: Conditions

    private func wait<Found: Sendable>(_ what: String, _ look: @escaping @Sendable (RemoteCondition) -> Found?) async throws -> Found {
        do {
            return try await changes.wait("\(what)") { [store] _ in look(store.condition) }
        } catch {
            throw ProgramFailure(name: "\(what): \(store.condition)", output: "\(changes.value)")
        }
    }

    func waitUntilConnected() async throws {
        try await wait("connection") { if case .connected = $0 { () } else { nil } }
    }

    /// Waits until it is away for a reason with these words; the whole reason.
    @discardableResult
    func waitUntilAway(_ words: String = "") async throws -> String {
        try await wait("being away") { if case .away(let reason) = $0, reason.contains(words) || words.isEmpty { reason } else { nil } }
    }

    @discardableResult
    func waitUntilReadOnly() async throws -> String {
        try await wait("being read-only") { if case .readOnly(let reason) = $0 { reason } else { nil } }
    }

    /// Waits until what the store tells of the memory is as wished.
    func waitForMemory(_ isWanted: (RemoteMemory) -> Bool) async throws -> RemoteMemory {
        while true {
            if let memory = store.memory, isWanted(memory) { return memory }
            _ = try await value("none")
        }
    }

    // MARK: Values

    func set(_ name: String, _ value: String = "value", life: Duration = .seconds(100), tags: [String] = []) async throws {
        try await store.set(name, to: ByteBuffer(string: value), life: life, tags: tags)
    }

    func value(_ name: String, within time: Duration = .seconds(5)) async throws -> String? {
        try await store.value(of: name, by: .now + time).map { String(buffer: $0.bytes) }
    }
}

/// What a listener hears, in order: nil for each time that it begins anew.
final class HeardMessages: Sendable {
    private let heard = Watched<[String?]>([])

    var hear: @Sendable (RemoteSignal) -> Void {
        { [heard] signal in
            switch signal {
            case .subscribed: heard.update { $0.append(nil) }
            case .message(let bytes): heard.update { $0.append(String(buffer: bytes)) }
            }
        }
    }

    func wait(_ wanted: [String?]) async throws {
        do {
            try await heard.wait("messages") { $0 == wanted ? () : nil }
        } catch { throw ProgramFailure(name: "messages", output: "\(heard.value)") }
    }
}
