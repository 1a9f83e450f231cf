import Cache
import Crypto
import Gateway
import NIOCore
import ServiceLifecycleTestKit
import TestKit
import Testing

struct RemoteTierTests {
    private let time = CacheTime()

    private func cache(
        _ store: ScriptedStore, memory: Bool = true, _ settings: RemoteSettings = Fixture.remoteSettings
    ) -> TieredCache {
        let settings = (store: store as any RemoteStore, settings: settings)
        return TieredCache(memory ? .init() : .init(memory: nil, session: nil), remote: settings, clock: time.clock)
    }

    /// Runs the cache as a service while `work` does, to its orderly end. Work begins when the cache listens, since that
    /// empties its memory.
    private func serving(_ cache: TieredCache, on store: ScriptedStore, _ work: @Sendable () async throws -> Void) async throws {
        try await testGracefulShutdown { shutdown in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await cache.run() }
                // Also when the work fails: the service must not be waited for in vain.
                defer { shutdown.triggerGracefulShutdown() }
                try await store.state.wait("listener") { $0.listeners.isEmpty ? nil : () }
                try await work()
            }
        }
    }

    /// The store with this answer in it.
    private func filled(_ answer: CachedAnswer = Fixture.answer(), key: String = "k") async throws -> ScriptedStore {
        let store = ScriptedStore()
        let writer = cache(store)
        try await serving(writer, on: store) { writer.store(answer, at: Fixture.address(key), session: nil) }
        #expect(store.state.value.values.count == 1)
        return store
    }

    @Test func anotherProcessGetsTheAnswer() async throws {
        let store = try await filled()
        let reader = cache(store)
        time.advance(.seconds(40))
        let hit = try #require(await reader.look(up: Fixture.query("k", session: "s")))
        #expect(hit.tier == .remote && hit.age == .seconds(40))
        #expect(hit.answer.text == Fixture.answer().text && hit.answer.usage == Fixture.answer().usage)
        #expect(await reader.look(up: Fixture.query("k"))?.tier == .memory)
        #expect(reader.report.remote?.hits == 1 && reader.report.session?.entries == 1)
    }

    @Test func whatIsPromotedLivesNoLongerThanInTheStore() async throws {
        let store = try await filled(Fixture.answer(life: .seconds(3600)))
        store.state.update { state in for name in state.values.keys { state.values[name]?.life = .seconds(20) } }
        let reader = cache(store)
        #expect(await reader.look(up: Fixture.query("k", session: "s"))?.remaining == .seconds(20))
        store.state.update { $0.values = [:] }
        time.advance(.seconds(20) - .milliseconds(1))
        #expect(await reader.look(up: Fixture.query("k", session: "s"))?.tier == .memory)
        time.advance(.milliseconds(1))
        #expect(await reader.look(up: Fixture.query("k", session: "s")) == nil)
    }

    /// Who controls the store could keep a value beyond its life, or bring an old one back.
    @Test func theSealedLifeCountsWhateverTheStoreSays() async throws {
        let store = try await filled(Fixture.answer(life: .seconds(60)))
        store.state.update { state in for name in state.values.keys { state.values[name]?.life = .seconds(9999) } }
        time.advance(.seconds(59))
        #expect(await cache(store).look(up: Fixture.query("k"))?.remaining == .seconds(1))
        time.advance(.seconds(1))
        let reader = cache(store)
        #expect(await reader.look(up: Fixture.query("k")) == nil)
        #expect(reader.report.remote?.expired == 1 && reader.report.remote?.misses == 1)
    }

    @Test func whatDoesNotOpenIsAMiss() async throws {
        let store = try await filled()
        let name = try #require(store.state.value.values.keys.first)
        let good = try #require(store.state.value.values[name]?.bytes)
        let reader = cache(store)
        #expect(await reader.look(up: Fixture.query("k", sealing: Fixture.otherKey)) == nil, "another tenant's")

        var old = good
        old.setInteger(UInt8(0), at: 1)
        let flipped = ByteBuffer(bytes: good.readableBytesView.dropLast() + [good.readableBytesView.last! ^ 1])
        let elsewhere = SealedValue.seal([1, 2], with: Fixture.key, at: "x")
        let notAnAnswer = SealedValue.seal([1, 2], with: Fixture.key, at: "k")
        for bytes in [ByteBuffer(), ByteBuffer(string: "garbage"), old, flipped, elsewhere, notAnAnswer] {
            store.state.update { $0.values[name]?.bytes = bytes }
            #expect(await reader.look(up: Fixture.query("k")) == nil)
        }
        let report = try #require(reader.report.remote)
        #expect(report.unreadable == 7 && report.misses == 7 && report.failures == 0)
        #expect(reader.report.lookups.misses == 7 && reader.report.memory?.entries == 0)
    }

    @Test func aFailingStoreIsAMiss() async throws {
        let store = try await filled()
        store.state.update { $0.fails = true }
        let reader = cache(store)
        #expect(await reader.look(up: Fixture.query("k")) == nil)
        #expect(reader.report.remote?.failures == 1 && reader.report.remote?.condition == .away("told to"))
        store.state.update { $0.fails = false }
        #expect(await reader.look(up: Fixture.query("k")) != nil)
    }

    @Test func lostWritesAreCounted() async throws {
        let store = ScriptedStore()
        store.state.update { $0.fails = true }
        let cache = cache(store)
        try await serving(cache, on: store) {
            for number in 0..<40 { cache.store(Fixture.answer(), at: Fixture.address("k\(number)"), session: nil) }
        }
        #expect(cache.report.remote?.lostStores == 40 && cache.report.remote?.stores == 0)
        #expect(cache.report.remote?.queued == 0 && cache.report.remote?.queuedBytes == 0)
        #expect(await cache.look(up: Fixture.query("k3"))?.tier == .memory)
    }

    @Test func aSlowStoreDelaysNoAnswerAndItsQueueIsBounded() async throws {
        let gate = Gate("sets")
        let store = ScriptedStore(setGate: gate)
        var settings = Fixture.remoteSettings
        settings.queuedAnswers = 10
        let cache = cache(store, settings)
        try await serving(cache, on: store) {
            cache.store(Fixture.answer(), at: Fixture.address("first"), session: nil)
            try await store.waitForSets(1)
            for number in 0..<30 { cache.store(Fixture.answer(), at: Fixture.address("k\(number)"), session: nil) }
            #expect(cache.report.remote?.queued == 10 && cache.report.remote?.lostStores == 20)
            #expect(await cache.look(up: Fixture.query("k29"))?.tier == .memory)
            gate.open()
        }
        #expect(cache.report.remote?.stores == 11 && store.state.value.values.count == 11)
    }

    @Test func theQueueIsBoundedInBytesToo() {
        let store = ScriptedStore()
        var settings = Fixture.remoteSettings
        settings.queuedBytes = 5000
        let cache = cache(store, settings)
        for number in 0..<30 { cache.store(Fixture.answer(), at: Fixture.address("k\(number)"), session: nil) }
        let report = cache.report.remote
        #expect((report?.queuedBytes ?? .max) <= 5000 && (report?.queued ?? 0) > 0)
        #expect((report?.queued ?? 0) + (report?.lostStores ?? 0) == 30)
    }

    @Test func tooLargeAnswersStayOutOfTheStore() {
        let store = ScriptedStore()
        var settings = Fixture.remoteSettings
        settings.answerBytes = 1000
        let cache = cache(store, settings)
        cache.store(Fixture.answer(String(repeating: "x", count: 1000)), at: Fixture.address("k"), session: nil)
        #expect(cache.report.remote?.refused == 1 && cache.report.remote?.queued == 0)
    }

    @Test func nothingInTheStoreNamesAnyone() async throws {
        let store = try await filled(Fixture.answer("secret words", tags: [.user("ann", of: "acme"), .tenant("acme")]))
        let cache = cache(store)
        _ = await cache.invalidate(.tag(.user("ann", of: "acme")))
        let state = store.state.value
        let seen = state.names.joined() + state.messages.map { String(buffer: $0) }.joined()
        for word in ["ann", "acme", "secret"] { #expect(!seen.contains(word)) }
        #expect(!state.messages.isEmpty)
    }

    @Test func compressionIsCounted() async throws {
        let store = ScriptedStore()
        let cache = cache(store)
        try await serving(cache, on: store) {
            cache.store(Fixture.answer(String(repeating: "word ", count: 2000)), at: Fixture.address("k"), session: nil)
        }
        #expect((cache.report.remote?.compressionRatio ?? 0) > 10)
        #expect((cache.report.remote?.plainBytes ?? 0) > 10_000)
    }

    @Test func theFormerAddressCountsAsOneLookup() async throws {
        let store = try await filled(key: "former")
        let cache = cache(store)
        #expect(await cache.look(up: Fixture.query("x", former: "y")) == nil)
        #expect(await cache.look(up: Fixture.query("k", former: "former"))?.tier == .remote)
        #expect(await cache.look(up: Fixture.query("k"))?.tier == .memory)
        #expect(cache.report.remote?.hits == 1 && cache.report.remote?.misses == 1)
    }

    @Test func maximumAgeHoldsForTheStoreToo() async throws {
        let cache = cache(try await filled())
        time.advance(.seconds(10))
        #expect(await cache.look(up: Fixture.query("k", maximumAge: .seconds(9))) == nil)
        #expect(await cache.look(up: Fixture.query("k", maximumAge: .seconds(10)))?.tier == .remote)
    }

    // MARK: Invalidation

    @Test func invalidatesByKeyTagAndGlobWithCounts() async throws {
        let store = ScriptedStore()
        let writer = cache(store)
        try await serving(writer, on: store) {
            for number in 0..<8 {
                writer.store(
                    Fixture.answer(tags: [.model(number < 3 ? "a" : "b")]), at: Fixture.address("v1:t:\(number)"), session: nil)
            }
        }
        let other = cache(store)
        #expect(await other.invalidate(.key("v1:t:0")).remote == 1)
        #expect(await other.invalidate(.key("v1:t:0")).remote == 0)
        #expect(await other.invalidate(.tag(.model("a"))).remote == 2)
        #expect(await other.invalidate(.keys(try #require(Glob("v1:*:[45]")))).remote == 2)
        #expect(await other.invalidate(.everything).remote == 3)
        #expect(other.report.remote?.invalidated == 8 && store.state.value.values.isEmpty)
    }

    @Test func otherReplicasForgetTheirMemory() async throws {
        let store = ScriptedStore()
        let (one, other) = (cache(store), cache(store))
        try await serving(other, on: store) {
            for key in ["k", "l"] {
                other.store(
                    Fixture.answer(tags: [.agent(key)]), at: Fixture.address(key), session: "s")
            }
            try await store.state.wait("writes") { $0.values.count == 2 ? () : nil }
            _ = await one.invalidate(.tag(.agent("k")))
            #expect(await other.look(up: Fixture.query("k", session: "s")) == nil)
            #expect(await other.look(up: Fixture.query("l", session: "s"))?.tier == .memory)

            // Forged and garbled messages say nothing.
            for bytes in [ByteBuffer(), ByteBuffer(string: "everything")] {
                for hear in store.state.value.listeners { hear(.message(bytes)) }
            }
            #expect(other.report.memory?.entries == 1)

            // Listening again after a pause: who knows what was missed.
            for hear in store.state.value.listeners { hear(.subscribed) }
            #expect(other.report.memory?.entries == 0 && other.report.session?.entries == 0)
            #expect(other.report.remote?.subscriptions == 2)
        }
    }

    @Test func anInvalidationThatTheStoreMissedIsHeldAndToldAgain() async throws {
        let store = try await filled()
        let cache = cache(store)
        store.state.update { $0.fails = true }
        let report = await cache.invalidate(.tag(.agent("dev")))
        #expect(report.remote == nil && report.isRemotePending)
        store.state.update { $0.fails = false }
        #expect(await cache.look(up: Fixture.query("k")) == nil, "the store still has it")
        #expect(store.state.value.values.count == 1)
        try await serving(cache, on: store) {
            try await store.state.wait("deletion") { $0.values.isEmpty ? () : nil }
            try await store.state.wait("message") { $0.messages.isEmpty ? nil : () }
        }
        #expect(cache.report.remote?.invalidated == 1)
    }

    @Test func aStoreAwayForLongCostsItsContentNotOurMemory() async throws {
        let store = try await filled()
        let cache = cache(store)
        store.state.update { $0.fails = true }
        for number in 0..<1000 { _ = await cache.invalidate(.key("other \(number)")) }
        #expect((cache.report.remote?.pendingInvalidations ?? .max) <= 65)
        store.state.update { $0.fails = false }
        #expect(await cache.look(up: Fixture.query("k")) == nil)
    }

    @Test func anInvalidationOvertakesQueuedAndRunningWrites() async throws {
        let gate = Gate("sets")
        let store = ScriptedStore(setGate: gate)
        let cache = cache(store)
        try await serving(cache, on: store) {
            cache.store(Fixture.answer(), at: Fixture.address("running"), session: nil)
            try await store.waitForSets(1)
            cache.store(Fixture.answer(), at: Fixture.address("queued"), session: nil)
            cache.store(Fixture.answer(tags: []), at: Fixture.address("unmeant"), session: nil)
            _ = await cache.invalidate(.tag(.agent("dev")))
            gate.open()
        }
        #expect(Array(store.state.value.values.keys) == ["quintet:answer:unmeant"])
    }

    /// The deletion has found nothing, and the write lands while another of its batch keeps the batch from its end.
    @Test func anInvalidatedAnswerThatIsWrittenLateIsNotReadBack() async throws {
        let (first, late, slow) = (Gate("first set"), Gate("late set"), Gate("slow set"))
        let gates = ["quintet:answer:first": first, "quintet:answer:late": late, "quintet:answer:slow": slow]
        let store = ScriptedStore(setGates: gates)
        let cache = cache(store)
        try await serving(cache, on: store) {
            defer { for gate in gates.values { gate.open() } }
            cache.store(Fixture.answer(tags: []), at: Fixture.address("first"), session: nil)
            try await store.waitForSets(1)
            for key in ["late", "slow"] { cache.store(Fixture.answer(), at: Fixture.address(key), session: nil) }
            first.open()
            try await store.waitForSets(3)
            #expect(await cache.invalidate(.tag(.agent("dev"))).remote == 0)
            late.open()
            try await store.state.wait("late value") { $0.values["quintet:answer:late"] == nil ? nil : () }
            #expect(await cache.look(up: Fixture.query("late")) == nil)
            #expect(cache.recall(Fixture.query("late")) == nil)
        }
        #expect(Array(store.state.value.values.keys) == ["quintet:answer:first"])
        #expect(cache.report.remote?.pendingInvalidations == 0)
    }

    @Test func whatAnotherReplicaForgetsIsNotKeptWhenItComes() async throws {
        let store = ScriptedStore()
        let (one, other) = (cache(store), cache(store))
        try await serving(other, on: store) {
            let begun = other.moment
            _ = await one.invalidate(.tag(.own("faq", of: "acme")))
            #expect(other.mayBeOutdated("k", tags: [.own("faq", of: "acme")], since: begun))
            #expect(!other.mayBeOutdated("k", tags: [.own("news", of: "acme")], since: begun))
            let old = Fixture.answer(tags: [.own("faq", of: "acme")])
            #expect(!other.store(old, at: Fixture.address("k"), session: "s", since: begun))
            #expect(other.store(Fixture.answer(tags: []), at: Fixture.address("l"), session: "s", since: begun))
            #expect(other.store(old, at: Fixture.address("m"), session: "s", since: other.moment))
        }
        #expect(store.state.value.values.keys.sorted() == ["quintet:answer:l", "quintet:answer:m"])
    }

    /// Whatever one tenant asks for, with or without a store, nobody else loses an answer.
    @Test(arguments: [false, true])
    func oneTenantDoesNotEmptyTheCacheOfOthers(storeFails: Bool) async throws {
        let store = try await filled(Fixture.answer(tags: [.tenant("umbrella")]))
        let values = try await filled(Fixture.answer(tags: [.tenant("acme")]), key: "mine").state.value.values
        store.state.update { $0.values.merge(values) { $1 } }
        let cache = cache(store)
        let begun = cache.moment
        store.state.update { $0.fails = storeFails }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 { group.addTask { _ = await cache.invalidate(.tag(.own("\(number)", of: "acme"))) } }
        }
        store.state.update { $0.fails = false }
        #expect(!cache.mayBeOutdated("k", tags: [.tenant("umbrella")], since: begun))
        #expect(await cache.look(up: Fixture.query("k")) != nil)
        #expect((await cache.look(up: Fixture.query("mine")) == nil) == storeFails, "too many were held to be told apart")
        #expect((cache.report.remote?.pendingInvalidations ?? .max) <= 17)
    }

    @Test func oneInvalidationThatTheStoreNeverDoesKeepsNoOtherFromBeingDone() async throws {
        let store = ScriptedStore()
        let cache = cache(store)
        store.state.update { $0.fails = true }
        for key in ["bad", "good"] { _ = await cache.invalidate(.key(key)) }
        store.state.update { ($0.fails, $0.failing) = (false, ["quintet:answer:bad"]) }
        try await serving(cache, on: store) {
            try await store.state.wait("the other's deletion") { state in
                state.names.count { $0 == "quintet:answer:good" } >= 2 ? () : nil
            }
        }
    }

    @Test func anAnswerReadBeforeAnInvalidationDoesNotStayInMemory() async throws {
        let (first, second) = (Gate("first read"), Gate("second read"))
        let store = ScriptedStore(getGates: ["quintet:answer:k": first, "quintet:answer:l": second])
        for key in ["k", "l"] {
            let values = try await filled(key: key).state.value.values
            store.state.update { $0.values.merge(values) { $1 } }
        }
        let cache = cache(store)
        async let before = cache.look(up: Fixture.query("k"))
        try await store.waitForReads(1)
        _ = await cache.invalidate(.key("k"))
        async let after = cache.look(up: Fixture.query("l"))
        try await store.waitForReads(2)

        first.open()
        _ = await before
        #expect(cache.report.memory?.entries == 0)
        second.open()
        _ = await after
        #expect(cache.report.memory?.entries == 1, "giving up one answer is no invalidation to the others")
    }

    @Test func aCallerWhoLeavesSaysNothingAboutTheStore() async throws {
        let store = ScriptedStore(getGates: ["quintet:answer:k": Gate("read")])
        let cache = cache(store)
        let looking = Task { await cache.look(up: Fixture.query("k")) == nil }
        try await store.waitForReads(1)
        looking.cancel()
        #expect(await looking.value)
        #expect(cache.report.remote?.failures == 0 && cache.report.remote?.misses == 1)
    }
}
