import Benchmark
import CAllocations
import CWeights
import Core
import NIOCore
import Wire

/// The five agents and the weights as they are built in, before ten models.
let catalogue: Catalogue = {
    let file = Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size))
    let model = try! AgentModel(Weights(decoding: file, kind: AgentModel.kind))
    let complexity = String(decoding: UnsafeBufferPointer(start: qw_complexity, count: qw_complexity_size), as: UTF8.self)
    let agents = zip(model.roles, model.profiles).map { role, profile in
        Agent(
            id: role, name: role, role: profile.examples.last ?? "", description: "", keywords: profile.keywords,
            examples: profile.examples, tier: .medium, temperature: nil, maxTokens: nil, prompt: "You are \(role).")
    }
    let models = (0..<10).map { index in
        let price = Price(
            .init(prompt: Money(picodollars: 100_000) * (index + 1), completion: Money(picodollars: 400_000) * (index + 1)))
        return Model(
            index: index, name: "model-\(index)",
            deployments: [
                Deployment(index: index, id: "p/model-\(index)", provider: "p", modelName: "m", weight: 1, isLive: true)
            ],
            fallbacks: nil, quality: 40 + index * 6, tier: .medium, inputWindow: 2_000_000, outputWindow: nil, abilities: [.tools],
            acceptsSampling: true, price: price, timeouts: Timeouts(), ownedBy: "")
    }
    return Catalogue(
        providers: [], models: models, agents: agents, policy: Policy(), agentModel: model,
        complexityModel: try! ComplexityModel(file: complexity))
}()

let planner = Planner(catalogue: catalogue, health: [], spread: 0.5)

let message = """
    Our checkout suite is flaky one run in ten since we moved to the new browser grid, and the developers say that it is \
    the tests and not the code. How do I find out why? I have the logs of two hundred runs, screenshots of every failure \
    and the timings of each step, and I would like a plan that I can show to
    """

/// A chat request of so many bytes: a system prompt, and questions and answers by turns.
func chat(bytes: Int) -> ByteBuffer {
    var turns = [#"{"role":"system","content":"You are a careful assistant."}"#]
    while turns.reduce(0, { $0 + $1.utf8.count + 1 }) < bytes - 400 {
        let role = turns.count % 2 == 1 ? "user" : "assistant"
        turns.append(#"{"role":"\#(role)","content":"\#(message)"}"#)
    }
    turns.append(#"{"role":"user","content":"\#(message.prefix(bytes / 5))"}"#)
    return ByteBuffer(string: #"{"model":"auto","messages":[\#(turns.joined(separator: ","))]}"#)
}

/// All that happens to a request before anybody is called, but for the cache: read, routed, judged, chosen for.
func planned(_ body: ByteBuffer) -> Plan {
    let request = try! ChatRequest(body)
    var facts = RequestFacts(target: .auto, promptTokens: request.promptTokens)
    facts.messageCount = request.messageCount
    facts.needs = request.needs
    facts.text = request.lastUserText
    if request.messageCount > 2 { facts.earlierTexts = request.earlierUserTexts }
    return try! planner.plan(facts)
}

let allocations = BenchmarkMetric.custom("Allocations", polarity: .prefersSmaller, useScalingFactor: true)

/// Measures a piece of work: its time, and how often it allocates.
func measure(_ name: String, _ work: @escaping @Sendable () -> Void) {
    Benchmark(name) { benchmark in
        let before = allocation_count()
        for _ in benchmark.scaledIterations { work() }
        benchmark.measurement(allocations, Int(allocation_count() - before))
    }
}

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.cpuTotal, .wallClock, allocations], scalingFactor: .kilo, maxDuration: .seconds(2))

    let texts = [
        ("60 characters", String(message.prefix(60))), ("300 characters", String(message.prefix(300))), ("one emoji", "😀"),
        ("1 MB", String(repeating: message, count: 1_000_000 / message.utf8.count + 1)),
    ]
    for (name, text) in texts {
        measure("agent: \(name)") { blackHole(catalogue.router.route(text)) }
        var facts = RequestFacts(target: .auto, promptTokens: 100)
        facts.text = text
        measure("complexity: \(name)") { [facts] in blackHole(Complexity(of: facts, by: catalogue.complexityModel)) }
        measure("tokens: \(name)") { blackHole(TokenEstimate.tokens(in: text)) }
    }
    for (name, bytes) in [("1.5 KB", 1536), ("1 MB", 1_000_000)] {
        let body = chat(bytes: bytes)
        measure("request: \(name)") { blackHole(planned(body)) }
    }
}
