import Core
import Testing

/// The decay of Finagle's peak EWMA, by its own formulas.
@Suite struct PeakEWMATests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func isClose(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-9 }

    @Test func knowsNothingAtFirst() {
        #expect(PeakEWMA().value(now: start) == 0)
    }

    @Test func aRiseCountsAtOnce() {
        var average = PeakEWMA()
        average.observe(0.2, now: at(0))
        average.observe(3, now: at(0.001))
        #expect(average.value(now: at(0.001)) == 3)
    }

    @Test func aFallCountsByTheTimeSinceTheLastObservation() {
        var average = PeakEWMA()
        average.observe(4, now: at(0))
        average.observe(1, now: at(5))
        // exp(-5/10) of what was, the rest of what is.
        let kept = 0.606_530_659_712_633_4
        #expect(isClose(average.value(now: at(5)), 4 * kept + 1 * (1 - kept)))
    }

    @Test func twoObservationsAtOnceKeepThePeak() {
        var average = PeakEWMA()
        average.observe(4, now: at(0))
        average.observe(1, now: at(0))
        #expect(average.value(now: at(0)) == 4)
    }

    @Test func decaysWhileNobodyLooks() {
        var average = PeakEWMA()
        average.observe(4, now: at(0))
        // Half of it is left after ln 2 of its mean lifetime.
        #expect(isClose(average.value(now: at(6.931_471_805_599_453)), 2))
        #expect(average.value(now: at(200)) < 1e-8)
        #expect(average.value(now: at(200)) > 0)
    }

    @Test func nonsenseAndEarlierTimesDoNoHarm() {
        var average = PeakEWMA()
        average.observe(2, now: at(10))
        average.observe(1, now: at(5))
        #expect(average.value(now: at(0)) == 2)
        for odd in [Double.nan, .infinity, -1] { average.observe(odd, now: at(10)) }
        #expect(average.value(now: at(10)) == 2)
    }
}
