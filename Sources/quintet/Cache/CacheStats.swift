import ArgumentParser
import NIOCore
import NIOHTTP1
import Wire

/// `quintet cache stats`.
struct CacheStats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Print what the cache has done since the gateway was started.",
        discussion: "Where the gateway has an admin token or client keys, it wants QUINTET_ADMIN_TOKEN.")

    @OptionGroup var client: ClientFlags
    @Flag(help: "Print the figures as the gateway gives them, in JSON.")
    var json = false

    func run() async throws {
        try await ClientFault.explained {
            try await GatewayClient.with(client.target()) { client in
                let figures = try await client.json(client.send(.GET, "/api/cache/stats", as: .admin))
                if json { return try Terminal.say(String(buffer: figures.bytes)) }
                guard let table = CacheStatsTable(figures.root) else {
                    throw client.target.foreign("its figures are not a cache's")
                }
                for line in table.lines { try Terminal.say(line) }
            }
        }
    }
}
