@testable import Core
import TestKit
import Testing

/// The slow end of a deployment's times.
@Suite struct TailLatencyTests {
    private let time = ManualTime()

    private func tail(of seconds: [Double]) -> TailLatency {
        var tail = TailLatency()
        for value in seconds { tail.observe(value, now: time.now) }
        return tail
    }

    @Test func tooFewSayNothing() {
        #expect(TailLatency().p95(now: time.now) == nil)
        #expect(tail(of: Array(repeating: 1, count: 15)).p95(now: time.now) == nil)
        #expect(tail(of: Array(repeating: 1, count: 16)).p95(now: time.now) != nil)
    }

    /// Never below the real one, so that no hedge starts early, and not much above it.
    @Test(arguments: 0..<50 as Range<UInt64>) func itIsThePercentileUpToABucket(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let values = (0..<Int.random(in: 20...400, using: &random)).map { _ in
            0.002 * Double(1 << Int.random(in: 0...15, using: &random)) * Double.random(in: 1..<2, using: &random)
        }
        let sorted = values.sorted()
        let exact = sorted[(sorted.count * 95 + 99) / 100 - 1]
        let told = try #require(tail(of: values).p95(now: time.now)) / .seconds(1)
        #expect(told >= exact)
        #expect(told <= exact * 1.0906)
    }

    @Test func whatIsTooShortOrTooLongForItsBucketsIsKept() throws {
        #expect(try #require(tail(of: Array(repeating: 0, count: 20)).p95(now: time.now)) == .milliseconds(1))
        let endless = try #require(tail(of: Array(repeating: 1e9, count: 20)).p95(now: time.now))
        #expect(endless > .seconds(3600))
        #expect(tail(of: Array(repeating: .infinity, count: 20) + [-1, .nan]).p95(now: time.now) == nil)
    }

    /// A provider that has become quicker is soon known to be, though the old values are many.
    @Test func oldValuesFade() throws {
        var tail = tail(of: Array(repeating: 8, count: 1000))
        time.advance(by: .seconds(1800))
        for _ in 0..<400 { tail.observe(0.1, now: time.now) }
        // A 64th of the 1000 is left: 4 % of all.
        #expect(try #require(tail.p95(now: time.now)) < .milliseconds(200))
    }

    @Test func whatIsNotSeenAnyMoreIsForgotten() {
        let tail = tail(of: Array(repeating: 1, count: 32))
        time.advance(by: .seconds(299))
        #expect(tail.p95(now: time.now) != nil)
        time.advance(by: .seconds(2))
        #expect(tail.p95(now: time.now) == nil)
    }

    /// A day of traffic leaves the weights within the range of numbers.
    @Test func itGoesOnForDays() throws {
        var tail = TailLatency()
        for hour in 0..<240 {
            for _ in 0..<50 { tail.observe(hour < 230 ? 1 : 4, now: time.now) }
            time.advance(by: .seconds(3600))
        }
        for _ in 0..<50 { tail.observe(4, now: time.now) }
        #expect(try #require(tail.p95(now: time.now)) >= .seconds(4))
        #expect(try #require(tail.p95(now: time.now)) < .seconds(4.4))
    }

    /// Calls that were cut short at the percentile keep it where it is; leaving them out would pull it down for ever.
    @Test func shortenedCallsKeepThePercentileWhereItIs() throws {
        var random = SplitMix64(seed: 7)
        var tail = TailLatency()
        var settled: Duration?
        for index in 0..<4000 {
            let value = Double.random(in: 0..<1, using: &random)
            if let p95 = tail.p95(now: time.now), value > p95 / .seconds(1) {
                tail.observe(atLeast: p95 / .seconds(1), now: time.now)
            } else {
                tail.observe(value, now: time.now)
            }
            if index == 500 { settled = tail.p95(now: time.now) }
        }
        let (before, after) = (try #require(settled), try #require(tail.p95(now: time.now)))
        #expect(after > .milliseconds(900), "\(before) → \(after)")
        #expect(after < .milliseconds(1100), "\(before) → \(after)")
    }

    @Test func aShortWaitSaysNothing() throws {
        var tail = tail(of: Array(repeating: 1, count: 20))
        let before = tail.p95(now: time.now)
        for _ in 0..<1000 { tail.observe(atLeast: 0.1, now: time.now) }
        #expect(tail.p95(now: time.now) == before)
        // More than was known counts: two values above are more than a twentieth.
        for _ in 0..<2 { tail.observe(atLeast: 5, now: time.now) }
        #expect(try #require(tail.p95(now: time.now)) >= .seconds(5))
        var fresh = TailLatency()
        for _ in 0..<20 { fresh.observe(atLeast: 5, now: time.now) }
        #expect(fresh.p95(now: time.now) == nil)
    }
}

/// How many requests are hedged.
@Suite struct HedgeBudgetTests {
    @Test func oneInTwenty() {
        var budget = HedgeBudget()
        var granted: [Bool] = []
        for _ in 0..<19 { budget.earn() }
        granted.append(budget.spend())
        budget.earn()
        granted += [budget.spend(), budget.spend()]
        budget.giveBack()
        granted.append(budget.spend())
        #expect(granted == [false, true, false, true])
    }

    /// Whatever comes: of any stretch of requests, not more than a twentieth, rounded up.
    @Test(arguments: 0..<200 as Range<UInt64>) func neverMoreThanFivePerCentOfAnyStretch(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var budget = HedgeBudget()
        let eagerness = Double.random(in: 0...1, using: &random)
        // By hedge: how many requests had come.
        var hedges: [Int] = []
        var requests = 0
        for _ in 0..<2000 {
            if Bool.random(using: &random) {
                budget.earn()
                requests += 1
            } else if Double.random(in: 0..<1, using: &random) < eagerness, budget.spend() {
                if Int.random(in: 0..<10, using: &random) == 0 { budget.giveBack() } else { hedges.append(requests) }
            }
        }
        #expect(hedges.count * 20 <= requests)
        for (first, last) in zip(hedges, hedges.dropFirst()) { #expect(last - first >= 20) }
    }
}

/// Who is started beside a late attempt.
@Suite struct HedgeRuleTests {
    private static func attempts(_ sketches: [ModelSketch]) -> [Plan.Attempt] {
        catalogue(sketches).models.map { Plan.Attempt(model: $0, deployment: $0.deployments[0], reason: .named) }
    }

    private static func choice(
        _ attempts: [Plan.Attempt], limit: Money? = nil, costs: [Int64?] = [], unwell: Set<Int> = []
    ) -> Int? {
        HedgeRule.choice(
            among: attempts.dropFirst(), beside: attempts[0], limit: limit,
            cost: { costs[$0.index].map { Money(picodollars: $0) } }, isWell: { !unwell.contains($0.index) })
    }

    @Test func theNextThatIsWell() {
        let attempts = Self.attempts([ModelSketch("a"), ModelSketch("b"), ModelSketch("c")])
        #expect(Self.choice(attempts) == 0)
        #expect(Self.choice(attempts, unwell: [1]) == 1)
        #expect(Self.choice(attempts, unwell: [1, 2]) == nil)
        #expect(Self.choice(Array(attempts.prefix(1))) == nil)
    }

    @Test func bothMustFitTheLimit() {
        let attempts = Self.attempts([ModelSketch("a"), ModelSketch("b"), ModelSketch("c")])
        let limit = Money(picodollars: 100)
        #expect(Self.choice(attempts, limit: limit, costs: [60, 40, 1]) == 0)
        #expect(Self.choice(attempts, limit: limit, costs: [60, 41, 40]) == 1)
        #expect(Self.choice(attempts, limit: limit, costs: [60, 41, 41]) == nil)
        #expect(Self.choice(attempts, limit: limit, costs: [60, nil, 41]) == nil)
        #expect(Self.choice(attempts, limit: limit, costs: [nil, 1, 1]) == nil)
        #expect(Self.choice(attempts, limit: nil, costs: [nil, nil, nil]) == 0)
        // What overflows fits nowhere.
        #expect(Self.choice(attempts, limit: limit, costs: [.max, .max, .max]) == nil)
    }

    /// Whatever is up: never one that is unwell, never both above the limit, and none only where there is none.
    @Test(arguments: 0..<300 as Range<UInt64>) func neverOneThatMustNotBe(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let count = Int.random(in: 1...6, using: &random)
        let attempts = Self.attempts((0..<count).map { ModelSketch("m\($0)") })
        let costs = (0..<count).map { _ in Int.random(in: 0..<8, using: &random) == 0 ? nil : Int64.random(in: 0...100, using: &random) }
        let limit = Bool.random(using: &random) ? Money(picodollars: .random(in: 0...200, using: &random)) : nil
        let unwell = Set((0..<count).filter { _ in Bool.random(using: &random) })
        func mayBe(_ place: Int) -> Bool {
            guard !unwell.contains(place) else { return false }
            guard let limit else { return true }
            guard let first = costs[0], let second = costs[place] else { return false }
            return first + second <= limit.picodollars
        }
        let allowed = (1..<max(count, 1)).filter(mayBe)
        #expect(Self.choice(attempts, limit: limit, costs: costs, unwell: unwell) == allowed.first.map { $0 - 1 })
    }
}
