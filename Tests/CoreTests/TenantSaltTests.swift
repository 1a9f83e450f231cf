import Core
import TestKit
import Testing

/// Replicas that change salts apart from each other end with the same ones.
@Suite struct TenantSaltTests {
    private func salt(_ byte: UInt8) -> [UInt8] { Array(repeating: byte, count: TenantSalt.length) }

    /// Few values of each field, so that ties are common.
    private func anySalt(_ random: inout SplitMix64) -> TenantSalt {
        let former = TenantSalt.Former(
            salt: salt(.random(in: 0...2, using: &random)), until: .random(in: 0...2, using: &random))
        return TenantSalt(
            current: salt(.random(in: 0...2, using: &random)), former: Bool.random(using: &random) ? former : nil,
            forgettings: .random(in: 0...1, using: &random), epoch: .random(in: 0...2, using: &random))
    }

    @Test func mergingDependsOnNoOrder() {
        var random = SplitMix64(seed: 2)
        for _ in 0..<20_000 {
            let (a, b, c) = (anySalt(&random), anySalt(&random), anySalt(&random))
            #expect(a.merged(with: b) == b.merged(with: a))
            #expect(a.merged(with: b).merged(with: c) == a.merged(with: b.merged(with: c)))
            #expect(a.merged(with: a) == a)
            #expect([a, b].contains(a.merged(with: b)))
        }
    }

    @Test func rotatingKeepsTheFormerForItsOverlap() {
        let rotated = TenantSalt(current: salt(1)).rotated(newSalt: salt(2), overlapUntil: 1000)
        #expect(rotated == TenantSalt(current: salt(2), former: .init(salt: salt(1), until: 1000), epoch: 1))
        #expect(rotated.merged(with: TenantSalt(current: salt(0))) == rotated)
    }

    @Test func forgettingLeavesNoFormerAndIsNotUndone() {
        let first = TenantSalt(current: salt(1))
        let forgotten = first.forgotten(newSalt: salt(9))
        #expect(forgotten.former == nil && forgotten.current == salt(9))
        // Another replica that has not heard of it rotates as often as it likes.
        var other = first
        for number in 2..<8 { other = other.rotated(newSalt: salt(UInt8(number)), overlapUntil: 1000) }
        #expect(forgotten.merged(with: other) == forgotten)
        #expect(other.merged(with: forgotten) == forgotten)
    }

    @Test func replicasThatHearOfEachOtherInAnyOrderAgree() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<500 {
            let known = (0..<6).map { _ in anySalt(&random) }
            let ends = (0..<4).map { _ in
                known.shuffled(using: &random).reduce(known[0]) { $0.merged(with: $1) }
            }
            #expect(Set(ends).count == 1)
        }
    }
}
