import ArgumentParser

/// The command line.
@main
struct Quintet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quintet",
        abstract: "A multi-agent AI gateway: one endpoint in front of your language models.",
        discussion: """
            Start it with 'quintet serve' and point any OpenAI SDK at http://127.0.0.1:8080/v1.
            Without a provider's key in the environment it starts a demo provider, so that you can try it at once.
            """,
        subcommands: [Serve.self, Check.self, Route.self, Chat.self, CacheCommand.self, DemoProviderCommand.self])
}
