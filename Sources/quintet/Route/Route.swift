import ArgumentParser

/// `quintet route`.
struct Route: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say which agent and model a message would get, without calling anyone.",
        subcommands: [RouteMessages.self, RouteTrain.self, RoutePrice.self], defaultSubcommand: RouteMessages.self)
}
