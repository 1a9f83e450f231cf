import ArgumentParser

/// `quintet cache`.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "See, fill and empty a running gateway's cache.",
        subcommands: [CacheStats.self, CacheClear.self, CacheWarm.self])
}
