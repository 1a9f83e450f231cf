import ArgumentParser
import Cache
import Core
import Settings

/// `quintet check`.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check all configuration and print what would be served; fails when something is wrong.",
        discussion: "It listens on the port for a moment, makes a file in the state directory and takes it away, and asks Redis for a second.")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let loading = try Loading.read(flags)
        let (catalogue, _) = try loading.catalogue(demoPort: nil)
        let settings = loading.settings
        try Terminal.say("would listen on \(settings.host):\(settings.port) with \(settings.loops) loop(s)")
        for provider in catalogue.providers { try Terminal.say(line(for: provider)) }
        for model in catalogue.models {
            try Terminal.say(line(for: model))
            for deployment in model.deployments { try Terminal.say(line(for: deployment)) }
        }
        for agent in catalogue.agents { try Terminal.say("agent \(agent.id): \(agent.role)") }
        if loading.wantsDemo { try Terminal.say("no provider is on: 'quintet serve' would start the demo provider") }
        try Terminal.explained {
            try CachingParts.check(settings)
            try StateDirectory.tryOut(settings.stateDirectory)
        }
        try Terminal.say(line(for: settings.cache, redis: settings.redis))
        for note in try await notes(on: settings) { try Terminal.say("note: \(note)") }
        try Terminal.say("configuration is good")
    }

    /// What may be as it should, or soon be.
    private func notes(on settings: ServerSettings) async throws -> [String] {
        var notes: [String] = []
        let place = ListeningPlace(host: settings.host, port: settings.port)
        do { try await place.tryOut() } catch {
            // Where the gateway runs already it is the one that listens.
            guard error == .inUse else {
                Terminal.complain(place.words(for: error))
                throw ExitCode.failure
            }
            notes.append("\(place.name) is in use, by a gateway that runs or by something else")
        }
        if settings.cache.use != .off, let redis = settings.redis, let why = try await CachingParts.objection(of: redis) {
            notes.append("Redis is away, the cache would go on without it: \(why)")
        }
        return notes
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
