import HummingbirdCore
import Logging
import NIOCore

/// Hummingbird's HTTP/1 channel with the gateway's guards in its pipeline, its tasks on the channel's own loop, and an
/// end to them when the client leaves.
struct LoopBoundChannel: ServerChildChannel {
    /// A connection, ready to be served.
    struct Value: ServerChildChannelValue {
        let base: HTTP1Channel.Value
        let watch: CallerWatch
        var channel: any Channel { base.channel }
    }

    let base: HTTP1Channel
    let limits: ConnectionLimits
    let executors: LoopExecutors

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let limits = limits
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let clock = ArrivalClock(limits: limits)
            let watch = CallerWatch()
            try pipeline.addHandler(clock, position: .first)
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            try pipeline.addHandler(ConnectionGuard(clock: clock, watch: watch), position: .before(state))
            return Value(base: value, watch: watch)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(executors.executor(for: value.channel.eventLoop)) {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await base.handle(value: value.base, logger: logger)
                    value.watch.end()
                }
                await value.watch.wait()
                // Nothing is left to cancel if the connection ended by itself.
                group.cancelAll()
            }
        }
    }
}

/// One executor an event loop, made once: a task only borrows its executor.
struct LoopExecutors: Sendable {
    private let executors: [ObjectIdentifier: LoopExecutor]

    init(_ group: any EventLoopGroup) {
        executors = Dictionary(
            group.makeIterator().map { (ObjectIdentifier($0), LoopExecutor($0)) }) { first, _ in first }
    }

    /// nil (the shared pool) for a loop that is not of the group.
    func executor(for loop: any EventLoop) -> LoopExecutor? { executors[ObjectIdentifier(loop)] }
}
