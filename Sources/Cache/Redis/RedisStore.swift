package import Gateway
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A Redis as the remote tier's store. Run as a service it holds one connection, that all commands share; each listener has
/// one of its own. Without a connection every command fails at once.
package final class RedisStore: RemoteStore, Service {
    private struct State {
        var connection: RedisConnection?
        var health: RedisHealth
    }

    private let settings: RedisSettings
    private let connector: RedisConnector
    private let onCondition: @Sendable (RemoteCondition) -> Void
    private let state: Mutex<State>
    /// Says that the condition may have changed: one pending signal stands for any number of them.
    private let changes: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    /// One thread is enough for the traffic of all stores; it lives as long as the process.
    private static let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Not `quintet:tag:`, under which sets without scores may lie.
    private static let tags = "quintet:tagged:"

    /// - Parameters:
    ///   - group: runs the connections; nil for a thread of the stores' own.
    ///   - onCondition: told when the store begins or ceases to be reached or to take writes, in order; pings are not told.
    /// - Throws: ``RedisSetupError`` when the file of authorities cannot be read. A Redis that is away is no error.
    package init(
        _ settings: RedisSettings, group: (any EventLoopGroup)? = nil,
        onCondition: @escaping @Sendable (RemoteCondition) -> Void = { _ in }
    ) throws {
        self.settings = settings
        self.onCondition = onCondition
        connector = try RedisConnector(settings, group: group ?? Self.thread)
        state = Mutex(State(health: RedisHealth(address: settings.address, writeRest: settings.writeRest)))
        changes = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package var condition: RemoteCondition { state.withLock { $0.health.condition } }

    package var memory: RemoteMemory? { state.withLock { $0.health.memory } }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        changes.continuation.yield()
    }

    // MARK: Service

    /// Holds the connection until graceful shutdown. Services that use the store are to end before it.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tellChanges() }
            await cancelWhenGracefulShutdown {
                await StandingConnection(self.connector, self.settings.reconnect).hold { connection in
                    self.update { state in
                        state.connection = connection
                        state.health.connected()
                    }
                    await self.watch(connection)
                } lost: { loss in
                    self.update { state in
                        state.connection = nil
                        state.health.lost(loss.words)
                    }
                }
            }
            changes.continuation.finish()
        }
    }

    /// Pings, asks now and then for the figures of its memory, and tries whether a Redis that took no writes takes them again.
    private func watch(_ connection: RedisConnection) async {
        var untilFigures = 0
        repeat {
            let begin = ContinuousClock.now
            // Whatever it answers, it answers: what is wrong with it was noted.
            if (try? await ask([RedisCommand("PING")], by: begin + settings.commandTimeout)) != nil {
                update { $0.health.pinged(.now - begin) }
            }
            if untilFigures == 0 { await readMemory(on: connection) }
            untilFigures = (untilFigures + 1) % settings.pingsPerFigures
            if state.withLock({ $0.health.isTryDue(at: .now) }) { await tryToWrite(on: connection) }
        } while (try? await Task.sleep(for: settings.pingInterval)) != nil
    }

    /// A refusal says nothing about the connection: not every Redis lets everybody ask.
    private func readMemory(on connection: RedisConnection) async {
        guard let replies = try? await connection.send(RedisInfo.commands, by: .now + settings.commandTimeout) else { return }
        let memory = RedisInfo(replies).memory
        state.withLock { $0.health.told(memory) }
    }

    private func tryToWrite(on connection: RedisConnection) async {
        let command = RedisCommand("SET", "quintet:write-test", "", "PX", .number(1000))
        guard let reply = try? await connection.send([command], by: .now + settings.commandTimeout).first else { return }
        if case .failure(let refusal) = reply {
            note(refusal, from: connection, isTry: true)
        } else {
            update { $0.health.wrote() }
        }
    }

    private func tellChanges() async {
        var told = condition
        for await _ in changes.stream {
            let condition = condition
            if condition.isSameKind(as: told) { continue }
            told = condition
            onCondition(condition)
        }
    }

    // MARK: Asking

    /// A reply for each command. What the replies say about Redis itself is noted, and the replies are given all the same.
    private func ask(
        _ commands: [RedisCommand], for use: RedisHealth.Use = .read, by deadline: Instant
    ) async throws -> [RESPReply] {
        let (connection, objection) = state.withLock { ($0.connection, $0.health.objection(to: use)) }
        if let objection { throw objection }
        guard let connection else { throw RedisError.away("Redis is not connected.") }
        let replies = try await connection.send(commands, by: deadline)
        for case .failure(let refusal) in replies { note(refusal, from: connection, isTry: false) }
        return replies
    }

    private func note(_ refusal: RedisRefusal, from connection: RedisConnection, isTry: Bool) {
        update { $0.health.refused(refusal, isTry: isTry, at: .now) }
        if let loss = RedisLoss(refusal, from: settings.address) { connection.end(loss) }
    }

    package func value(of name: String, by deadline: Instant) async throws -> RemoteValue? {
        let replies = try await ask([RedisCommand("GET", .text(name)), RedisCommand("PTTL", .text(name))], by: deadline)
        switch replies[0] {
        case .null: return nil
        case .bulk(let bytes):
            let milliseconds = try replies[1].integer()
            // Below zero stands for no end, or for one that came between the two.
            return RemoteValue(bytes: bytes, life: milliseconds < 0 ? nil : .milliseconds(milliseconds))
        default:
            try replies[0].check()
            throw RedisError.unexpected("a reply that is no value")
        }
    }

    package func set(_ name: String, to value: ByteBuffer, life: Duration, tags: [String]) async throws {
        let milliseconds = max(1, Int(life / .milliseconds(1)))
        let deadline = ContinuousClock.now + settings.commandTimeout
        guard !tags.isEmpty else {
            let command = RedisCommand("SET", .text(name), .bytes(value), "PX", .number(milliseconds))
            return try await ask([command], for: .store, by: deadline)[0].check()
        }
        let keys = [.text(name)] + tags.map { RedisCommand.Argument.text(Self.tags + $0) }
        try await run(.store, keys: keys, [.bytes(value), .number(milliseconds)], for: .store, by: deadline).check()
    }

    private func run(
        _ script: RedisScript, keys: [RedisCommand.Argument], _ arguments: [RedisCommand.Argument] = [], for use: RedisHealth.Use,
        by deadline: Instant
    ) async throws -> RESPReply {
        let reply = try await ask([script.command(keys: keys, arguments, isKnown: true)], for: use, by: deadline)[0]
        guard case .failure(let refusal) = reply, refusal.kind == .unknownScript else { return reply }
        return try await ask([script.command(keys: keys, arguments, isKnown: false)], for: use, by: deadline)[0]
    }

    package func publish(_ message: ByteBuffer, to channel: String) async throws {
        let command = RedisCommand("PUBLISH", .text(channel), .bytes(message))
        try await ask([command], by: .now + settings.commandTimeout)[0].check()
    }

    // MARK: Deleting

    package func delete(_ name: String) async throws -> Int {
        try await ask([RedisCommand("UNLINK", .text(name))], for: .delete, by: .now + settings.commandTimeout)[0].integer()
    }

    /// A name leaves the tag's set in the same step as its value goes, so that a deletion that breaks off can be taken up
    /// again, and a value that is written meanwhile keeps its tag. The set goes with its last name.
    package func delete(tagged tag: String) async throws -> Int {
        let set = RedisCommand.Argument.text(Self.tags + tag)
        return try await deleteEach { cursor in
            RedisCommand("ZSCAN", set, cursor, "COUNT", .number(100))
        } names: { found in
            // Each is followed by its score.
            stride(from: 0, to: found.count, by: 2).map { found[$0] }
        } delete: { names, deadline in
            try await run(.deleteTagged, keys: [set] + names, for: .delete, by: deadline).integer()
        }
    }

    package func delete(matching pattern: String) async throws -> Int {
        try await deleteEach { cursor in
            // Values are strings, and tags are not. A step looks at about a thousand names, however few match: small
            // enough to hold nobody up, and large enough to come through a Redis that others share.
            RedisCommand("SCAN", cursor, "MATCH", .text(pattern), "COUNT", .number(1000), "TYPE", "string")
        } names: {
            $0
        } delete: { names, deadline in
            try await ask([RedisCommand("UNLINK", names)], for: .delete, by: deadline)[0].integer()
        }
    }

    /// Goes through a scan to its end and deletes what each step finds. How many values there were.
    private func deleteEach(
        scan: (_ cursor: RedisCommand.Argument) -> RedisCommand, names: (_ found: [RESPReply]) -> [RESPReply],
        delete: (_ names: [RedisCommand.Argument], _ deadline: Instant) async throws -> Int
    ) async throws -> Int {
        let end = ContinuousClock.now + settings.deletionTimeout
        func deadline() -> Instant { min(end, .now + settings.commandTimeout) }
        var cursor = ByteBuffer(string: "0")
        var count = 0
        repeat {
            let step = try await ask([scan(.bytes(cursor))], for: .delete, by: deadline())[0].array()
            guard step.count == 2, case .bulk(let next) = step[0] else { throw RedisError.unexpected("no step of a scan") }
            let names = names(try step[1].array()).compactMap { name -> RedisCommand.Argument? in
                if case .bulk(let name) = name { .bytes(name) } else { nil }
            }
            if !names.isEmpty { count += try await delete(names, deadline()) }
            cursor = next
        } while cursor != ByteBuffer(string: "0")
        return count
    }

    // MARK: Listening

    package func listen(to channel: String, hear: @escaping @Sendable (RemoteSignal) -> Void) async {
        let settings = settings
        await StandingConnection(connector, settings.reconnect, hear: hear).hold { connection in
            let subscribe = RedisCommand("SUBSCRIBE", .text(channel))
            let reply = try? await connection.send([subscribe], by: .now + settings.commandTimeout).first
            if case .failure(let refusal) = reply {
                return connection.end(RedisLoss(refusal, from: settings.address) ?? .stopped)
            }
            guard reply != nil else { return connection.end(.silent(for: settings.commandTimeout, address: settings.address)) }
            // So that a connection that is dead without a word is noticed.
            while (try? await Task.sleep(for: settings.pingInterval)) != nil {
                _ = try? await connection.send([RedisCommand("PING")], by: .now + settings.commandTimeout)
            }
        } lost: { _ in
        }
    }
}

extension RemoteCondition {
    /// Whether the two differ in nothing but the ping and the words for the same state.
    fileprivate func isSameKind(as other: RemoteCondition) -> Bool {
        switch (self, other) {
        case (.off, .off), (.connected, .connected), (.readOnly, .readOnly): true
        case (.away(let words), .away(let others)): words == others
        default: false
        }
    }
}
