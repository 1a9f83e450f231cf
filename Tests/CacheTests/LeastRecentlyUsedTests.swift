import Cache
import Gateway
import TestKit
import Testing

struct LeastRecentlyUsedTests {
    private typealias Machine = LeastRecentlyUsed<Int, Int>

    /// The same rules, without any cleverness: the first is forgotten next.
    private struct Model {
        let limits: Machine.Limits
        var entries: [Machine.Entry] = []
        var bytes: Int { entries.reduce(0) { $0 + $1.bytes } }

        mutating func find(_ key: Int, _ now: Instant) -> Int? {
            guard let place = entries.firstIndex(where: { $0.key == key }) else { return nil }
            let entry = entries.remove(at: place)
            guard now < entry.expires else { return nil }
            entries.append(entry)
            return entry.value
        }

        mutating func insert(_ entry: Machine.Entry, _ now: Instant) {
            entries.removeAll { $0.key == entry.key }
            guard entry.bytes <= limits.bytes, now < entry.expires else { return }
            let group = entries.filter { $0.group != nil && $0.group == entry.group }
            if group.count >= limits.entriesPerGroup { entries.removeAll { $0.key == group[0].key } }
            while entries.count >= limits.entries || bytes + entry.bytes > limits.bytes { entries.removeFirst() }
            entries.append(entry)
        }
    }

    @Test(arguments: [1, 2, 3])
    func behavesAsTheModel(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let limits = Machine.Limits(entries: 40, bytes: 2000, entriesPerGroup: 8)
        var machine = Machine(limits: limits)
        var model = Model(limits: limits)
        let time = ManualTime()
        for step in 0..<100_000 {
            let key = Int.random(in: 0..<80, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45:
                var found: Int?
                if case .value(let value) = machine.find(key, now: time.now) { found = value }
                #expect(found == model.find(key, time.now))
            case 45..<85:
                let entry = Machine.Entry(
                    key: key, value: step, bytes: Int.random(in: 1..<(step % 50 == 0 ? 2500 : 120), using: &random),
                    expires: time.now + .milliseconds(Int.random(in: -1..<60, using: &random)),
                    group: Bool.random(using: &random) ? "group \(key % 7)" : nil)
                _ = machine.insert(entry, now: time.now)
                model.insert(entry, time.now)
            case 85..<90:
                #expect((machine.remove(key) != nil) == model.entries.contains { $0.key == key })
                model.entries.removeAll { $0.key == key }
            case 90..<91:
                _ = machine.removeExpired(now: time.now, atMost: .max)
                model.entries.removeAll { $0.expires <= time.now }
            default:
                time.advance(by: .milliseconds(1))
            }
            #expect(machine.bytes == model.bytes)
            #expect(machine.count == model.entries.count)
            #expect(machine.bytes <= limits.bytes && machine.count <= limits.entries)
            if step % 100 == 0 { #expect(machine.keys.sorted() == model.entries.map(\.key).sorted()) }
        }
        #expect(machine.removeAll() == model.entries.count)
        #expect(machine.count == 0 && machine.bytes == 0 && machine.keys.isEmpty)
    }

    private func machine(entries: Int = 10, bytes: Int = 100, perGroup: Int = .max) -> Machine {
        Machine(limits: .init(entries: entries, bytes: bytes, entriesPerGroup: perGroup))
    }

    @Test func expiresAtTheInstant() {
        var machine = machine()
        let time = ManualTime()
        let expires = time.now + .seconds(5)
        _ = machine.insert(.init(key: 1, value: 10, bytes: 1, expires: expires), now: time.now)
        guard case .value(10) = machine.find(1, now: expires - .nanoseconds(1)) else {
            Issue.record("gone too early")
            return
        }
        guard case .expired(let removal) = machine.find(1, now: expires) else {
            Issue.record("there too long")
            return
        }
        #expect(removal.entry.key == 1 && removal.reason == .expired)
        #expect(machine.count == 0 && machine.bytes == 0)
    }

    @Test func refusesWhatIsTooLargeAndForgetsTheOldValue() {
        var machine = machine()
        let now = ManualTime().now
        _ = machine.insert(.init(key: 1, value: 10, bytes: 1, expires: now + .seconds(5)), now: now)
        guard case .refused(let removals) = machine.insert(
            .init(key: 1, value: 11, bytes: 101, expires: now + .seconds(5)), now: now)
        else {
            Issue.record("took it")
            return
        }
        #expect(removals.map(\.reason) == [.replaced])
        #expect(machine.count == 0)
    }

    @Test func aFullGroupForgetsItsOwnLeastUsed() {
        var machine = machine(perGroup: 2)
        let now = ManualTime().now
        func entry(_ key: Int, _ group: String?) -> Machine.Entry {
            .init(key: key, value: key, bytes: 1, expires: now + .seconds(5), group: group)
        }
        for (key, group) in [(1, "a"), (2, "b"), (3, "a"), (4, nil)] { _ = machine.insert(entry(key, group), now: now) }
        _ = machine.find(1, now: now)
        guard case .done(_, let removals) = machine.insert(entry(5, "a"), now: now) else {
            Issue.record("refused")
            return
        }
        #expect(removals.map(\.entry.key) == [3])
        #expect(machine.keys.sorted() == [1, 2, 4, 5])
    }

    @Test func sweepsInBites() {
        var machine = machine()
        let now = ManualTime().now
        for key in 0..<9 { _ = machine.insert(.init(key: key, value: 0, bytes: 1, expires: now + .seconds(1)), now: now) }
        let late = now + .seconds(1)
        let removed = (0..<3).map { _ in machine.removeExpired(now: late, atMost: 3).count }
        #expect(removed == [3, 3, 3])
        #expect(machine.count == 0)
    }
}
