import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import Synchronization

/// Takes connections and runs a task for each, until it is told to stop; answers that run then are finished first.
final class Listener: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let actors: [ObjectIdentifier: LoopActor]
    private let limits: ConnectionLimits
    private let responder: Responder
    private let logger: Logger
    private let slots: ConnectionSlots
    private let quiescing: ServerQuiescingHelper

    /// For clients to take the end of an answer that was cut.
    private static let lastWords = TimeAmount.seconds(1)
    /// Connections that the kernel holds until they are taken.
    private static let backlog: Int32 = 4096

    init(
        _ group: MultiThreadedEventLoopGroup, limits: ConnectionLimits, connectionLimit: Int, responder: Responder,
        logger: Logger
    ) {
        self.group = group
        self.limits = limits
        self.responder = responder
        self.logger = logger
        actors = Dictionary(group.makeIterator().map { (ObjectIdentifier($0), LoopActor($0)) }) { first, _ in first }
        slots = ConnectionSlots(connectionLimit)
        quiescing = ServerQuiescingHelper(group: group)
    }

    /// - Parameter onListening: called once, when connections are taken, with the port.
    /// - Throws: where the address cannot be bound.
    func run(host: String, port: Int, onListening: @Sendable (Int) async -> Void) async throws {
        let server = try await bind(host: host, port: port)
        await onListening(server.channel.localAddress?.port ?? 0)
        await withDiscardingTaskGroup { tasks in
            do {
                try await server.executeThenClose { connections in
                    for try await connection in connections {
                        await slots.take()
                        tasks.addTask {
                            await self.serve(connection)
                            self.slots.release()
                        }
                    }
                }
            } catch is CancellationError {
            } catch {
                logger.error("no more connections are taken", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Takes no more connections, ends idle ones, and the others after the answer that they wait for.
    func stop() { quiescing.initiateShutdown(promise: nil) }

    private func bind(host: String, port: Int) async throws -> NIOAsyncChannel<HTTPConnection, Never> {
        let (quiescing, limits, responder) = (quiescing, limits, responder)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            // A client's half-close is seen as such, and not as the end of the connection.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let clock = ArrivalClock(limits: limits, on: channel.eventLoop)
                    let connection = HTTPConnection(channel, clock: clock, responder: responder)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(clock)
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: .gateway)))
                    try pipeline.addHandler(connection)
                    return connection
                }
            }
    }

    /// Runs a connection to its end, and ends everything done for its client when that leaves.
    private func serve(_ connection: HTTPConnection) async {
        guard let loop = actors[ObjectIdentifier(connection.channel.eventLoop)] else { return }
        let responder = responder
        await withTaskExecutorPreference(loop.executor) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await Self.answer(connection, responder, on: loop)
                    connection.watch.end()
                }
                await connection.watch.wait()
                // Nothing is left to cancel if the connection ended by itself.
                group.cancelAll()
                // The gateway stops: what the client is told last has so long to reach it.
                if Task.isCancelled {
                    let channel = connection.channel
                    channel.eventLoop.scheduleTask(in: Self.lastWords) { channel.close(promise: nil) }
                }
            }
        }
        // A connection that lingers still takes its place, and the gateway does not end before it.
        try? await connection.channel.closeFuture.get()
    }

    private static func answer(_ connection: HTTPConnection, _ responder: Responder, on loop: isolated LoopActor) async {
        while let arrival = await connection.next(on: loop) {
            let response =
                switch arrival.work {
                case .answer(let request, let route):
                    await responder.respond(to: request.running(on: loop.executor), by: route)
                case .refuse(let response): response
                }
            guard await connection.send(response, to: arrival, on: loop) else { return }
        }
        // A client that has only closed its own side still holds the socket.
        connection.channel.close(promise: nil)
    }
}

extension NIOHTTPDecoderLimitConfiguration {
    /// A request's head: 64 KiB, 200 fields.
    fileprivate static var gateway: Self {
        var limits = Self()
        limits.maxHeaderFieldSize = 64 << 10
        limits.maxHeaderListSize = 64 << 10
        limits.maxHeaderFieldCount = 200
        return limits
    }
}

/// Places for connections. When all are taken, the next connection waits in the kernel's backlog.
private final class ConnectionSlots: Sendable {
    private struct State {
        var free: Int
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(_ limit: Int) { state = Mutex(State(free: limit)) }

    /// Takes a place, or waits for one; there is one that waits, the listener.
    func take() async {
        await withUnsafeContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free == 0 { state.waiter = continuation } else { state.free -= 1 }
                return state.waiter == nil
            }
            if isFree { continuation.resume() }
        }
    }

    /// Gives a place back; whoever waits gets it.
    func release() {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.free += 1
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }
}
