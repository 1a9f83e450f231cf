import DemoProvider
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite("The service", .timeLimit(.minutes(1)))
struct LifecycleTests {
    @Test("the port is told to those who ask before and after the start")
    func port() async throws {
        let provider = DemoProvider(logger: quietLogger)
        async let early = provider.port()
        let group = ServiceGroup(configuration: .init(services: [provider], logger: quietLogger))
        async let run: Void = group.run()
        let late = try await provider.port()
        #expect(late > 0)
        let first = try await early
        #expect(first == late)
        await group.triggerGracefulShutdown()
        try await run
        await #expect(throws: DemoProviderStopped.self) { try await provider.port() }
    }

    @Test("a port that is taken fails the run, and whoever waits for the port")
    func taken() async throws {
        try await RunningDemo.run { demo in
            let second = DemoProvider(port: demo.client.port, logger: quietLogger)
            await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await second.port() }
                await #expect(throws: IOError.self) { try await second.run() }
                await #expect(throws: IOError.self) { try await group.next() }
            }
            await #expect(throws: IOError.self) { try await second.port() }
        }
    }

    @Test("a cancelled wait for the port ends")
    func cancelled() async throws {
        let provider = DemoProvider(logger: quietLogger)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await provider.port() }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test("the models have what a catalogue needs")
    func models() {
        #expect(DemoProvider.models.map(\.id) == ["demo-small", "demo-medium", "demo-large"])
        #expect(DemoProvider.models.map(\.quality) == [40, 65, 85])
        #expect(Set(DemoProvider.models.map(\.inputCostPerToken)).count == 3)
        #expect(Set(DemoProvider.models.map(\.outputCostPerToken)).count == 3)
    }
}
