import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct GateTests {
    @Test func everyWaiterPassesAnOpenGate() async throws {
        let gate = Gate()
        #expect(!gate.isOpen)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { try await gate.wait() } }
            gate.open()
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.isOpen)
        try await gate.wait()
    }

    @Test func aClosedGateNamesItselfWhenTheLimitIsOver() async {
        let error = await #expect(throws: TimeLimitExceeded.self) {
            try await Gate("upstream answer").wait(limit: .milliseconds(10))
        }
        #expect(error?.description.contains("upstream answer") == true)
    }

    @Test func aCancelledWaiterLeaves() async throws {
        let gate = Gate()
        let waiter = Task { try await gate.wait() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }

    /// Opening and cancelling at the same time must resume every waiter exactly once, whoever wins.
    @Test func openingRacesWithCancelling() async {
        for _ in 0..<500 {
            let gate = Gate()
            let waiters = (0..<4).map { _ in Task { try await gate.wait() } }
            let opener = Task { gate.open() }
            waiters[0].cancel()
            waiters[2].cancel()
            await opener.value
            for waiter in waiters { _ = await waiter.result }
        }
    }

    @Test func callbacksRunOnceBeforeOrAfterTheOpening() {
        let gate = Gate()
        let calls = Watched(0)
        gate.whenOpen { calls.update { $0 += 1 } }
        #expect(calls.value == 0)
        gate.open()
        gate.open()
        #expect(calls.value == 1)
        gate.whenOpen { calls.update { $0 += 1 } }
        #expect(calls.value == 2)
    }

    @Test func aWatchedValueIsTakenByExactlyOneWaiter() async throws {
        let box = Watched<[Int]>([])
        let taken = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask { try await box.wait("number") { $0.popLast() } }
            }
            for number in 0..<50 { box.update { $0.append(number) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(taken.sorted() == Array(0..<50))
        #expect(box.value.isEmpty)
    }

    @Test func theHardLimitEndsWorkThatHangs() async throws {
        await #expect(throws: TimeLimitExceeded.self) {
            try await withHardLimit("nothing", limit: .milliseconds(10)) { try await Task.sleep(for: .seconds(60)) }
        }
        #expect(try await withHardLimit("something") { 7 } == 7)
    }
}
