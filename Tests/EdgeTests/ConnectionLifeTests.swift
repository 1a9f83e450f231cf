@testable import Edge
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// What is left of a connection when it has ended: nothing.
@Suite struct ConnectionLifeTests {
    @Test(arguments: [
        "", "POST /ch", "POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12",
        "POST /chat HTTP/1.1\r\nHost: x\r\n\r\n", "no request\r\n\r\n",
    ])
    func anEndedConnectionIsLetGo(start: String) throws {
        var table = RouteTable()
        table.post("/chat") { _ in Response(json: ByteBuffer()) }
        let responder = Responder(
            routes: table, keys: ClientKeys([]), bodyLimit: 100, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        weak var clock: ArrivalClock?
        weak var connection: HTTPConnection?
        do {
            let channel = EmbeddedChannel()
            let first = ArrivalClock(limits: ConnectionLimits(), on: channel.embeddedEventLoop)
            let last = HTTPConnection(channel, clock: first, responder: responder)
            (clock, connection) = (first, last)
            try channel.pipeline.syncOperations.addHandlers([first, ByteToMessageHandler(HTTPRequestDecoder()), last])
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            try channel.writeInbound(ByteBuffer(string: start))
            _ = try channel.finish(acceptAlreadyClosed: true)
        }
        #expect(clock == nil)
        #expect(connection == nil)
    }
}
