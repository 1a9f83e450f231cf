import Benchmark
import CWeights
import Core

/// The router as it is built in, with the profiles that it was trained for.
let router: AgentRouter = {
    let file = Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size))
    let model = try! AgentModel(Weights(decoding: file, kind: AgentModel.kind))
    let agents = zip(model.roles, model.profiles).map { role, profile in
        Agent(
            id: role, name: role, role: profile.examples.last ?? "", description: "", keywords: profile.keywords,
            examples: profile.examples, tier: .medium, temperature: nil, maxTokens: nil, prompt: "")
    }
    return AgentRouter(agents: agents, model: model)
}()

let message = """
    Our checkout suite is flaky one run in ten since we moved to the new browser grid, and the developers say that it is \
    the tests and not the code. How do I find out why? I have the logs of two hundred runs, screenshots of every failure \
    and the timings of each step, and I would like a plan that I can show to
    """

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, .instructions], scalingFactor: .kilo, maxDuration: .seconds(5))

    for (name, text) in [
        ("60 characters", String(message.prefix(60))), ("300 characters", String(message.prefix(300))),
        ("1 MB", String(repeating: message, count: 1_000_000 / message.utf8.count + 1)), ("one emoji", "😀"),
    ] {
        Benchmark("route \(name)") { benchmark in
            for _ in benchmark.scaledIterations { blackHole(router.route(text)) }
        }
    }
}
