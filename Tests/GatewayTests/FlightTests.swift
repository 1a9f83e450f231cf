import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

private typealias AnswerFlight = Flight<AnswerCargo>
private typealias Log = FlightLog<AnswerStream.Part>

/// One call and those who wait for it, with tasks but without a gateway.
@Suite(.timeLimit(.minutes(1))) struct FlightTests {
    private static let head = AnswerHead(
        model: "m", deployment: "d", agent: nil, routing: nil, complexity: nil, reason: nil, failedAttempts: [])

    private static func entry(_ number: Int, bytes: Int = 10) -> Log.Entry {
        Log.Entry(part: .resumed(Resumption(model: "\(number)", by: .restart)), isUsageOnly: false, bytes: bytes)
    }

    private static func readAll(_ flight: AnswerFlight, _ id: Int) async throws -> [Int] {
        var numbers: [Int] = []
        while case let batch = try await flight.read(id, beat: {}), !batch.isEmpty { numbers += batch.map(\.number) }
        return numbers
    }

    private static func isCallerGone(_ landing: AnswerFlight.Landing) -> Bool {
        if case .failed(let failure, _) = landing { failure.error.code == .callerGone } else { false }
    }

    // MARK: Joining

    @Test func nobodyJoinsWhatIsOutdatedAndAnotherTakesItsPlace() throws {
        let flights = Flights()
        let isOutdated = Watched(false)
        func board(_ isOutdated: @escaping @Sendable () -> Bool = { false }) throws -> (seat: FlightSeat<AnswerCargo>, isLeader: Bool) {
            let boarded = flights.answers.board(
                "q", policy: RequestPolicy(), wishes: CacheDirectives(), on: nil, isOutdated: isOutdated, call: { _ in })
            return try #require(boarded)
        }
        let first = try board { isOutdated.value }
        let second = try board()
        #expect(first.isLeader && !second.isLeader && second.seat.flight === first.seat.flight)
        isOutdated.update { $0 = true }
        let third = try board()
        #expect(third.isLeader && third.seat.flight !== first.seat.flight)
        let fourth = try board()
        #expect(fourth.seat.flight === third.seat.flight, "the new one has taken the place")
        #expect(flights.figures.joins == 2)
    }

    // MARK: Reading

    @Test func everybodyGetsEverythingWheneverTheyCome() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let first = try #require(flight.board())
        let (half, joined) = (Gate("half"), Gate("joined"))
        try await withThrowingTaskGroup(of: [Int].self) { group in
            group.addTask {
                await flight.fly { flight in
                    flight.land(.stream(Self.head))
                    for number in 0..<500 { await flight.append(Self.entry(number)) }
                    half.open()
                    try? await joined.wait()
                    for number in 500..<1000 { await flight.append(Self.entry(number)) }
                }
                return Array(0..<1000)
            }
            group.addTask { try await Self.readAll(flight, first) }
            try await half.wait()
            for _ in 0..<5 {
                let id = try #require(flight.board())
                group.addTask {
                    guard case .stream = try await flight.landing(for: id) else { return [] }
                    return try await Self.readAll(flight, id)
                }
            }
            joined.open()
            for try await numbers in group { #expect(numbers == Array(0..<1000)) }
        }
        #expect(flight.board() == nil, "it is over")
        #expect(try await flight.read(first, beat: {}).isEmpty, "nothing more comes, for ever")
    }

    @Test func onlyTheFirstLandingCounts() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let id = try #require(flight.board())
        flight.land(.stream(Self.head))
        flight.land(.failed(AnswerFailure(error: GatewayError(.deadline, .client, "late")), of: nil))
        guard case .stream = try await flight.landing(for: id) else { throw Unexpected(what: "the second landing") }
    }

    @Test func aCallThatSaysNothingIsAFailure() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let id = try #require(flight.board())
        await flight.fly { _ in }
        #expect(Self.isCallerGone(try await flight.landing(for: id)))
        #expect(try await flight.read(id, beat: {}).isEmpty)
    }

    @Test func beatsReachThoseWhoWait() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let ids = [try #require(flight.board()), try #require(flight.board())]
        let heard = ids.map { Gate("a beat for \($0)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    flight.land(.stream(Self.head))
                    while !heard.allSatisfy(\.isOpen), !Task.isCancelled {
                        flight.beat()
                        await Task.yield()
                    }
                    await flight.append(Self.entry(1))
                }
            }
            for (id, gate) in zip(ids, heard) {
                group.addTask {
                    let read = try await flight.read(id, beat: { gate.open() })
                    #expect(read.map(\.number) == [1], "a beat is no part")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func aBeatThatFailsEndsOnlyItsReader() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let (one, other) = (try #require(flight.board()), try #require(flight.board()))
        let failed = Gate("the beat failed")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    while !failed.isOpen, !Task.isCancelled {
                        flight.beat()
                        await Task.yield()
                    }
                    await flight.append(Self.entry(1))
                }
            }
            group.addTask {
                await #expect(throws: Unexpected.self) { try await flight.read(one, beat: { throw Unexpected(what: "closed") }) }
                failed.open()
            }
            group.addTask {
                let read = try await flight.read(other, beat: {})
                #expect(read.map(\.number) == [1])
            }
            try await group.waitForAll()
        }
    }

    // MARK: Leaving

    @Test func theLastOneOutEndsTheCall() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let ids = try (0..<3).map { _ in try #require(flight.board()) }
        let (begun, ended) = (Gate("begun"), Gate("cancelled"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { _ in
                    begun.open()
                    do { try await Gate("never").wait(limit: .seconds(50)) } catch is CancellationError { ended.open() } catch {}
                }
            }
            try? await begun.wait()
            #expect(!flight.leave(ids[1]) && !flight.leave(ids[1]), "twice is once")
            #expect(!flight.leave(ids[0]) && !ended.isOpen)
            #expect(flight.leave(ids[2]))
            #expect(flight.board() == nil, "it is too late to join")
        }
        #expect(ended.isOpen)
        #expect(!flight.leave(ids[2]))
    }

    @Test func aFlightThatAllLeftBeforeItBeganEnds() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        #expect(flight.leave(try #require(flight.board())))
        await flight.fly { _ in try? await Gate("never").wait(limit: .seconds(50)) }
    }

    @Test func whoLeavesWaitingLeavesTheOthersWaiting() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let (one, other) = (try #require(flight.board()), try #require(flight.board()))
        let gone = Gate("one is gone")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    try? await gone.wait()
                    flight.land(.stream(Self.head))
                    await flight.append(Self.entry(1))
                }
            }
            group.addTask {
                let read = try await Self.readAll(flight, other)
                #expect(read == [1])
            }
            let leaving = Task { _ = try await flight.landing(for: one) }
            leaving.cancel()
            await #expect(throws: CancellationError.self) { try await leaving.value }
            #expect(!flight.leave(one))
            gone.open()
            try await group.waitForAll()
        }
    }

    /// The seat is the place among those who wait: letting go of it is leaving.
    @Test func lettingGoOfTheLastSeatTellsWhoKeepsTheTable() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let left = Watched(0)
        var seats = try (0..<2).map { _ in FlightSeat<AnswerCargo>(flight: flight, id: try #require(flight.board())) { _ in left.update { $0 += 1 } } }
        seats.removeLast()
        #expect(left.value == 0)
        seats.removeLast()
        #expect(left.value == 1)
    }

    // MARK: Backpressure

    private static let size = 64 << 10

    @Test func aReaderWhoReadsNothingIsNotOverrun() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let id = try #require(flight.board())
        let appended = Watched(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    for number in 0..<200 {
                        await flight.append(Self.entry(number, bytes: Self.size))
                        appended.update { $0 += 1 }
                    }
                }
            }
            // So many are let through, and one that has to wait.
            let ahead = Log.window / Self.size
            try await appended.wait("the first ones") { $0 >= ahead ? () : nil }
            var read: [Int] = []
            while case let batch = try await flight.read(id, beat: {}), !batch.isEmpty {
                #expect(batch.count <= ahead + 1)
                read += batch.map(\.number)
            }
            #expect(read == Array(0..<200))
            try await group.waitForAll()
        }
    }

    @Test func aSlowReaderHoldsNobodyUpBeforeTheLimit() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let (slow, quick) = (try #require(flight.board()), try #require(flight.board()))
        let limit = Log.wholeLimit / Self.size
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    for number in 0..<4 * limit { await flight.append(Self.entry(number, bytes: Self.size)) }
                }
            }
            var read: [Int] = []
            func readQuickly(to count: Int) async throws {
                while read.count < count { read += try await flight.read(quick, beat: {}).map(\.number) }
            }
            try await readQuickly(to: limit - 1)
            let late = try #require(flight.board(), "the log is whole")
            #expect(!flight.leave(late))
            try await readQuickly(to: 2 * limit)
            #expect(flight.board() == nil && flight.chunks == nil, "its beginning is gone")
            do {
                _ = try await flight.read(slow, beat: {})
                Issue.record("the slow reader's next part is gone")
            } catch let error as GatewayError { #expect(error.code == .readerTooSlow) }
            #expect(!flight.leave(slow))
            try await readQuickly(to: 4 * limit)
            #expect(read == Array(0..<4 * limit))
            try await group.waitForAll()
        }
    }

    @Test func whatIsHeldOverTheLimitOfAllIsWhatIsStillToBeRead() async throws {
        let memory = FlightMemory(limit: 3 * Self.size)
        var flight: AnswerFlight? = AnswerFlight(in: memory)
        let (quick, slow) = (try #require(flight?.board()), try #require(flight?.board()))
        try await withThrowingTaskGroup(of: Void.self) { [flight] group in
            group.addTask {
                await flight?.fly { flight in
                    for number in 0..<10 { await flight.append(Self.entry(number, bytes: Self.size)) }
                }
            }
            var (first, second): ([Int], [Int]) = ([], [])
            while first.count < 2 { first += try await flight?.read(quick, beat: {}).map(\.number) ?? [] }
            while second.count < 10 { second += try await flight?.read(slow, beat: {}).map(\.number) ?? [] }
            while first.count < 10 { first += try await flight?.read(quick, beat: {}).map(\.number) ?? [] }
            #expect(first == Array(0..<10) && second == first, "nobody loses what they have not read")
            #expect(flight?.board() == nil, "what all have read is gone")
            try await group.waitForAll()
        }
        flight = nil
        memory.add(3 * Self.size)
        #expect(!memory.isFull, "a flight that is gone holds nothing")
        memory.add(1)
        #expect(memory.isFull)
    }

    @Test func nobodyJoinsAFailure() throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        _ = try #require(flight.board())
        flight.land(.failed(AnswerFailure(error: GatewayError(.providersFailed, .provider, "all")), of: nil))
        #expect(flight.board() == nil)
    }

    // MARK: Whose call is whose

    private static func board(
        _ flights: Flights, _ question: String = "q", policy: RequestPolicy = RequestPolicy(), _ wish: (inout CacheDirectives) -> Void = { _ in }
    ) throws -> (seat: FlightSeat<AnswerCargo>, isLeader: Bool) {
        var wishes = CacheDirectives()
        wish(&wishes)
        return try #require(flights.answers.board(question, policy: policy, wishes: wishes, on: nil) { _ in })
    }

    @Test func aCallIsSharedAmongThoseWhoMayBeAnsweredAlike() throws {
        let flights = Flights()
        var impatient = RequestPolicy()
        impatient.deadline = .seconds(1)
        let first = try Self.board(flights)
        #expect(first.isLeader)
        let second = try Self.board(flights)
        #expect(!second.isLeader)
        let others = [
            try Self.board(flights, "another"), try Self.board(flights, policy: impatient), try Self.board(flights) { $0.onlyIfCached = true },
            try Self.board(flights) { $0.maximumAge = .seconds(10) }, try Self.board(flights) { $0.maximumAge = .seconds(20) },
            try Self.board(flights) { $0.noCache = true }, try Self.board(flights) { $0.noCache = true },
        ]
        #expect(others.filter(\.isLeader).count == others.count, "each could be answered otherwise")
        let third = try Self.board(flights) { $0.maximumAge = .seconds(20) }
        #expect(!third.isLeader)
        #expect(flights.figures == (8, 2))
    }

    @Test func noCallBeginsWhileTheOthersHoldTooMuch() throws {
        let flights = Flights(byteLimit: -1)
        #expect(flights.answers.board("q", policy: RequestPolicy(), wishes: CacheDirectives(), on: nil) { _ in } == nil)
    }

    @Test func aProviderThatWaitsIsLetGoWithTheLastReader() async throws {
        let flight = AnswerFlight(in: FlightMemory(limit: .max))
        let id = try #require(flight.board())
        let appended = Watched(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await flight.fly { flight in
                    while !Task.isCancelled {
                        await flight.append(Self.entry(0, bytes: Self.size))
                        appended.update { $0 += 1 }
                    }
                }
            }
            try await appended.wait("the first ones") { $0 >= Log.window / Self.size ? () : nil }
            #expect(flight.leave(id))
            try await group.waitForAll()
        }
    }
}

extension Flight {
    /// One of which nothing is ever forgotten.
    fileprivate convenience init(in memory: FlightMemory) { self.init(in: memory, isOutdated: { false }) }
}

extension FlightDeck<AnswerCargo> {
    fileprivate func board(
        _ question: String, policy: RequestPolicy, wishes: CacheDirectives, on executor: (any TaskExecutor)?,
        call: @escaping @Sendable (AnswerFlight) async -> Void
    ) -> (seat: FlightSeat<AnswerCargo>, isLeader: Bool)? {
        board(question, policy: policy, wishes: wishes, on: executor, isOutdated: { false }, call: call)
    }
}
