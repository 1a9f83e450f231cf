import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 whose work is cancelled as soon as the client leaves.
///
/// Hummingbird lets a client half-close its side and go on reading, so it doesn't notice that a client has left before a
/// write fails: an answer that waits would wait for ever. Here a client's end of file closes the connection, and a closed
/// connection cancels the task that answers on it.
struct DemoConnection: ServerChildChannel {
    private let http: HTTP1Channel

    init(responder: @escaping HTTPChannelHandler.Responder) {
        http = HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .minutes(5)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.setOption(.allowRemoteHalfClosure, value: false).flatMap {
            http.setup(channel: channel, logger: logger)
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await http.handle(value: value, logger: logger) }
            group.addTask { try? await value.channel.closeFuture.get() }
            await group.next()
            // Whichever ended first, the other has nothing left to do: the first ends only with its channel closed.
            group.cancelAll()
        }
    }
}
