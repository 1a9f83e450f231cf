import Core
import Gateway
import NIOCore
import NIOPosix
import NIOSSL

/// A connection on which Redis has said that it is there.
struct RedisConnection: Sendable {
    private let channel: any Channel
    private let handler: NIOLoopBound<RedisHandler>
    private let ended: EventLoopFuture<RedisLoss>

    fileprivate init(_ channel: any Channel, _ handler: RedisHandler) {
        self.channel = channel
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        ended = handler.ended
    }

    /// A reply for each command. Throws at `deadline`, when the connection ends, and at once when too much is under way.
    func send(_ commands: [RedisCommand], by deadline: Instant) async throws -> [RESPReply] {
        let call = RedisCall(commands)
        channel.eventLoop.execute { handler.value.submit(call, by: deadline) }
        return try await call.replies()
    }

    func end(_ loss: RedisLoss) { channel.eventLoop.execute { handler.value.finish(loss) } }

    /// Waits until the connection has ended, and ends it when the task is cancelled.
    func untilEnd() async -> RedisLoss {
        await withTaskCancellationHandler {
            (try? await ended.get()) ?? .stopped
        } onCancel: {
            end(.stopped)
        }
    }
}

/// Makes connections to an address.
struct RedisConnector: Sendable {
    private let settings: RedisSettings
    private let group: any EventLoopGroup
    /// nil without TLS.
    private let tls: NIOSSLContext?

    /// - Throws: ``RedisSetupError`` when the authorities of the address cannot be read.
    init(_ settings: RedisSettings, group: any EventLoopGroup) throws {
        self.settings = settings
        self.group = group
        tls = try settings.address.isTLS ? Self.context(settings.address.authorityFile) : nil
    }

    private static func context(_ authorityFile: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorityFile { configuration.trustRoots = .file(authorityFile) }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisSetupError(message: "\(authorityFile ?? "the system's authorities") cannot be read as PEM: \(error)")
        }
    }

    /// - Parameter hear: takes what is published, on the connection of a subscriber.
    /// - Throws: ``RedisLoss``, or `CancellationError`.
    func connect(hear: (@Sendable (RemoteSignal) -> Void)? = nil) async throws -> RedisConnection {
        let (settings, tls) = (settings, tls)
        let address = settings.address
        let connection: RedisConnection
        do {
            connection = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(settings.connectTimeout))
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls {
                            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: address.serverName))
                        }
                        let handler = RedisHandler(settings, on: channel.eventLoop, hear: hear)
                        try pipeline.addHandler(handler)
                        return RedisConnection(channel, handler)
                    }
                }
        } catch { throw RedisLoss(error, address: address) }
        do {
            try await greet(connection)
        } catch {
            connection.end(error as? RedisLoss ?? .stopped)
            throw error
        }
        return connection
    }

    // MARK: What is said first

    private func greet(_ connection: RedisConnection) async throws {
        let address = settings.address
        var greeting: [(RedisCommand, (RedisRefusal) -> RedisLoss?)] = []
        if let password = address.password {
            let credentials = [address.user, password].compactMap { $0.map { RedisCommand.Argument.text($0) } }
            greeting.append((RedisCommand("AUTH", credentials), { Self.loss(ofLogin: $0, address) }))
        }
        if address.database != 0 {
            greeting.append((RedisCommand("SELECT", .number(address.database)), { Self.loss(ofDatabase: $0, address) }))
        }
        for command in [RedisCommand("CLIENT", "SETNAME", "quintet"), RedisCommand("INFO", "cluster"), RedisCommand("PING")] {
            // Who may not run one of these can still use the others.
            greeting.append((command, { $0.kind == .forbidden ? nil : RedisLoss($0, from: address) }))
        }
        let replies = try await answers(to: greeting.map(\.0), on: connection)
        for (reply, (_, judge)) in zip(replies, greeting) {
            if case .failure(let refusal) = reply, let loss = judge(refusal) { throw loss }
            if reply.text?.contains("cluster_enabled:1") == true, let loss = RedisLoss(RedisRefusal("MOVED"), from: address) {
                throw loss
            }
        }
    }

    private func answers(to greeting: [RedisCommand], on connection: RedisConnection) async throws -> [RESPReply] {
        let address = settings.address
        do {
            return try await connection.send(greeting, by: .now + settings.connectTimeout)
        } catch RedisError.refused(let refusal) {
            throw RedisLoss(refusal, from: address) ?? .closed(address)
        } catch RedisError.timeout {
            throw RedisLoss.silent(for: settings.connectTimeout, address: address)
        } catch RedisError.away {
            let loss = await connection.untilEnd()
            guard loss.isHangUp, !address.isTLS else { throw loss }
            throw RedisLoss(words: loss.words + " Does it want TLS (rediss://)?")
        }
    }

    /// What Redis says to a login is not passed on: it may quote what it was sent.
    private static func loss(ofLogin refusal: RedisRefusal, _ address: RedisAddress) -> RedisLoss? {
        switch refusal.kind {
        case .loading, .tooManyClients, .protected: RedisLoss(refusal, from: address)
        default: RedisLoss(RedisRefusal("WRONGPASS"), from: address)
        }
    }

    private static func loss(ofDatabase refusal: RedisRefusal, _ address: RedisAddress) -> RedisLoss? {
        if let loss = RedisLoss(refusal, from: address) { return loss }
        return RedisLoss(words: "\(address) has no database \(address.database). Choose another, mostly 0 to 15.", needsMend: true)
    }
}

/// What makes a store impossible from the start: a file that cannot be read, and why.
package struct RedisSetupError: Error, CustomStringConvertible {
    /// The file, and why it cannot be read.
    package let message: String
    package var description: String { message }
}

extension RedisAddress {
    /// For SNI, which knows names only; the certificate of an address is checked all the same.
    fileprivate var serverName: String? { (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil }
}
