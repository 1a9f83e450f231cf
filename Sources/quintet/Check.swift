import ArgumentParser
import Core
import Settings

/// `quintet check`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check all configuration and print what would be served; fails when something is wrong.")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let loading = try Loading.read(flags)
        let (catalogue, _) = try loading.catalogue(demoPort: nil)
        let settings = loading.settings
        Terminal.say("would listen on \(settings.host):\(settings.port) with \(settings.loops) loop(s)")
        for provider in catalogue.providers { Terminal.say(line(for: provider)) }
        for model in catalogue.models {
            Terminal.say(line(for: model))
            for deployment in model.deployments { Terminal.say(line(for: deployment)) }
        }
        for agent in catalogue.agents { Terminal.say("agent \(agent.id): \(agent.role)") }
        if loading.wantsDemo { Terminal.say("no provider is on: 'quintet serve' would start the demo provider") }
        try CachingParts.check(settings)
        Terminal.say(line(for: settings.cache, redis: settings.redis))
        Terminal.say("configuration is good")
    }

    private func line(for cache: CacheSettings, redis: RedisAddress?) -> String {
        guard cache.use != .off else { return "cache: off" }
        let tiers = [
            cache.entries > 0 ? "memory \(cache.entries)" : nil, cache.sessionEntries > 0 ? "sessions \(cache.sessionEntries)" : nil,
            redis.map { "Redis at \($0)" },
        ].compactMap(\.self)
        let use = cache.use == .asked ? "for requests that ask for it, " : ""
        return "cache: \(use)shared by \(cache.scope.rawValue), \(tiers.isEmpty ? "no tier is on" : tiers.joined(separator: ", "))"
    }

    private func line(for provider: Provider) -> String {
        switch provider.state {
        case .on: "provider \(provider.id): on, \(provider.baseURL)\(keys(of: provider))"
        case .off(let mend): "provider \(provider.id): off, \(mend)"
        }
    }

    private func line(for deployment: Deployment) -> String {
        let notes = deployment.metadata.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let parts = ["weight \(deployment.weight)"] + deployment.tags.map { "#\($0)" } + notes
        return "  at \(deployment.id): \(deployment.isLive ? "on" : "off"), \(parts.joined(separator: ", "))"
    }

    /// Where there are several, which of them are set.
    private func keys(of provider: Provider) -> String {
        guard provider.keyVariables.count > 1 else { return "" }
        let set = provider.accesses.compactMap(\.keyVariable)
        return ", \(set.count) of \(provider.keyVariables.count) keys set (\(set.joined(separator: ", ")))"
    }

    private func line(for model: Model) -> String {
        let price = model.price.map {
            let million = 1_000_000
            return "USD \(($0.rates.prompt * million).decimalUSD) in, \(($0.rates.completion * million).decimalUSD) out per million tokens"
        } ?? "price unknown"
        let source = model.price?.date.map { ", as of \($0)" } ?? ""
        return "model \(model.name): \(model.isLive ? "on" : "off"), quality \(model.quality), \(model.balance.rawValue), \(price)\(source)"
    }
}
