import Cache
import Core
import Gateway
import TestKit
import Testing

struct ReconnectMachineTests {
    private let time = ManualTime()

    @Test func stepsDoubleUpToTwoSecondsForEver() {
        var machine = ReconnectMachine()
        let longest = (0..<200).map { _ in machine.lost(at: time.now, random: 1) / .milliseconds(1) }
        #expect(longest.prefix(8) == [100, 150, 250, 450, 850, 1650, 2000, 2000])
        #expect(longest.dropFirst(8).allSatisfy { $0 == 2000 })
        #expect(machine.lost(at: time.now, random: 0) == .milliseconds(50), "the whole step is drawn from, above the floor")
    }

    @Test func aConnectionThatLivedBeginsAnew() {
        var machine = ReconnectMachine()
        for _ in 0..<10 { _ = machine.lost(at: time.now, random: 1) }
        machine.opened(at: time.now)
        time.advance(by: .seconds(5))
        #expect(machine.lost(at: time.now, random: 1) == .milliseconds(100))
        #expect(machine.lost(at: time.now, random: 1) == .milliseconds(150))
    }

    /// A Redis that accepts and drops connections at once is asked no more often than one that refuses them.
    @Test func aConnectionThatDiedAtOnceDoesNot() {
        var machine = ReconnectMachine()
        var waited = Duration.zero
        for _ in 0..<100 {
            machine.opened(at: time.now)
            time.advance(by: .milliseconds(10))
            let wait = machine.lost(at: time.now, random: 0.5)
            #expect(wait >= .milliseconds(50))
            waited += wait
            time.advance(by: wait)
        }
        #expect(waited > .seconds(90))
        // What was proven once is not proven for ever.
        machine.opened(at: time.now)
        time.advance(by: .seconds(6))
        _ = machine.lost(at: time.now, random: 1)
        time.advance(by: .seconds(6))
        #expect(machine.lost(at: time.now, random: 1) == .milliseconds(150))
    }

    @Test func whatAPersonMustMendIsTriedSlowly() {
        var machine = ReconnectMachine()
        #expect(machine.lost(at: time.now, needsMend: true, random: 0) == .seconds(5))
        #expect(machine.lost(at: time.now, needsMend: true, random: 1) == .seconds(10))
        #expect(machine.lost(at: time.now, random: 1) == .milliseconds(100))
    }
}

struct RedisHealthTests {
    private let time = ManualTime()
    private var health = RedisHealth(address: try! RedisAddress(host: "h"), writeRest: .seconds(3))

    private static let full = RedisRefusal("OOM command not allowed")
    private static let replica = RedisRefusal("READONLY You can't write")

    @Test mutating func isAwayUntilConnected() {
        #expect(health.condition == .away("h:6379 was not reached yet."))
        #expect(health.objection(to: .read) == .away("h:6379 was not reached yet."))
        health.connected()
        #expect(health.condition == .connected(ping: nil) && health.objection(to: .store) == nil)
        health.pinged(.milliseconds(2))
        #expect(health.condition == .connected(ping: .milliseconds(2)))
        health.lost("gone")
        #expect(health.condition == .away("gone") && health.objection(to: .delete) == .away("gone"))
        health.connected()
        #expect(health.condition == .connected(ping: nil), "another connection's ping says nothing")
    }

    @Test mutating func tellsOfItsMemoryWhileItIsConnected() {
        let memory = RemoteMemory(used: 1, limit: 2, evictions: 3)
        health.told(memory)
        #expect(health.memory == nil, "said before the connection was lost")
        health.connected()
        health.told(memory)
        #expect(health.memory == memory)
        health.lost("gone")
        #expect(health.memory == nil)
    }

    @Test(arguments: [
        ("# Memory\r\nused_memory:1024\r\nused_memory_human:1.0K\r\nmaxmemory:0\r\n\n# Stats\r\nevicted_keys:7\r\n", RemoteMemory(used: 1024, limit: nil, evictions: 7)),
        ("used_memory:1\nmaxmemory:2", RemoteMemory(used: 1, limit: 2, evictions: nil)),
        ("maxmemory:2\r\nevicted_keys:7", nil), ("used_memory:much", nil), (":\r\n::\r\nused_memory", nil), ("", nil),
    ])
    func readsWhatInfoSays(text: String, memory: RemoteMemory?) {
        #expect(RedisInfo(text).memory == memory)
    }

    @Test mutating func aFullRedisIsReadAndDeletedFrom() throws {
        health.connected()
        health.refused(Self.full, isTry: false, at: time.now)
        guard case .readOnly(let words) = health.condition else { throw RedisError.timeout }
        #expect(words.contains("maxmemory-policy"))
        #expect(health.objection(to: .read) == nil && health.objection(to: .delete) == nil)
        #expect(health.objection(to: .store) == .writesRest(words))
    }

    @Test mutating func oneWriteTriesNowAndThen() {
        health.connected()
        #expect(!health.isTryDue(at: time.now))
        health.refused(Self.full, isTry: false, at: time.now)
        #expect(health.isTryDue(at: time.now), "the first try follows at once")
        health.refused(Self.full, isTry: true, at: time.now)
        time.advance(by: .milliseconds(2999))
        #expect(!health.isTryDue(at: time.now))
        // Writes that were under way do not bring the next try forward.
        health.refused(Self.full, isTry: false, at: time.now)
        #expect(!health.isTryDue(at: time.now))
        time.advance(by: .milliseconds(1))
        #expect(health.isTryDue(at: time.now))
        health.wrote()
        #expect(health.condition == .connected(ping: nil) && !health.isTryDue(at: time.now))
    }

    @Test mutating func aReplicaAndAFullDiskTakeNoDeletions() throws {
        for (refusal, hint) in [(Self.replica, "primary"), (RedisRefusal("MISCONF Redis"), "disk")] {
            health = RedisHealth(address: try RedisAddress(host: "h"), writeRest: .seconds(3))
            health.connected()
            health.refused(refusal, isTry: false, at: time.now)
            guard case .writesRest(let words) = health.objection(to: .delete) else { throw RedisError.timeout }
            #expect(words.contains(hint) && health.objection(to: .read) == nil)
        }
        // A reconnect may lead elsewhere, which a try finds out; until then writes rest.
        health.lost("gone")
        health.connected()
        #expect(health.objection(to: .store) != nil && health.isTryDue(at: time.now))
    }

    @Test mutating func otherRefusalsAreOnlyTheCommands() {
        health.connected()
        for message in ["ERR unknown command", "WRONGTYPE Operation", "NOSCRIPT No"] {
            health.refused(RedisRefusal(message), isTry: false, at: time.now)
        }
        #expect(health.condition == .connected(ping: nil))
    }
}
