@testable import Edge
import NIOCore
import NIOEmbedded
import Testing

/// The deadlines of a connection, on a loop whose time the tests move.
@Suite struct ArrivalClockTests {
    /// A clock in a channel, and how often it said that a body is late.
    private final class Rig {
        let channel: EmbeddedChannel
        let clock: ArrivalClock
        private(set) var lateBodies = 0

        init() throws {
            let loop = EmbeddedEventLoop()
            clock = ArrivalClock(
                limits: ConnectionLimits(head: .seconds(10), body: .seconds(60), idle: .seconds(75), reading: .seconds(30)),
                on: loop)
            channel = EmbeddedChannel(handler: clock, loop: loop)
            clock.onLateBody = { [unowned self] in lateBodies += 1 }
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        var isOpen: Bool { channel.isActive }
        func pass(_ seconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .seconds(seconds)) }
        func byte() throws { try channel.writeInbound(ByteBuffer(string: "x")) }
    }

    @Test func aConnectionThatSaysNothingIsClosed() throws {
        let rig = try Rig()
        rig.pass(74)
        #expect(rig.isOpen)
        rig.pass(1)
        #expect(!rig.isOpen)
    }

    @Test func aHeadHasItsTimeHoweverManyBytesTrickleIn() throws {
        let rig = try Rig()
        rig.pass(70)
        for _ in 0..<9 {
            try rig.byte()
            rig.pass(1)
        }
        #expect(rig.isOpen)
        try rig.byte()
        rig.pass(1)
        #expect(!rig.isOpen)
    }

    @Test func aBodyHasItsTimeAndIsAnsweredWhenItIsLate() throws {
        let rig = try Rig()
        try rig.byte()
        rig.pass(9)
        rig.clock.headArrived()
        for _ in 0..<59 {
            try rig.byte()
            rig.pass(1)
        }
        #expect(rig.lateBodies == 0)
        rig.pass(1)
        #expect(rig.lateBodies == 1)
        // The answer is the connection's affair; the clock does not close, and says it once.
        rig.pass(600)
        #expect(rig.isOpen)
        #expect(rig.lateBodies == 1)
    }

    @Test func anAnswerTakesWhatItTakes() throws {
        let rig = try Rig()
        try rig.byte()
        rig.clock.headArrived()
        rig.clock.requestArrived()
        rig.pass(3600)
        #expect(rig.isOpen)
        rig.clock.requestAnswered()
        rig.pass(74)
        #expect(rig.isOpen)
        rig.pass(1)
        #expect(!rig.isOpen)
    }

    @Test func manyRequestsEachHaveTheirOwnTime() throws {
        let rig = try Rig()
        for _ in 0..<20 {
            rig.pass(60)
            try rig.byte()
            rig.pass(8)
            rig.clock.headArrived()
            rig.pass(50)
            rig.clock.requestArrived()
            rig.pass(200)
            rig.clock.requestAnswered()
        }
        #expect(rig.isOpen)
        #expect(rig.lateBodies == 0)
        rig.pass(75)
        #expect(!rig.isOpen)
    }

    @Test func aReaderThatStandsStillIsClosed() throws {
        let rig = try Rig()
        rig.clock.requestArrived()
        rig.clock.readerFellBehind()
        rig.pass(29)
        #expect(rig.isOpen)
        rig.clock.readerCaughtUp()
        rig.pass(300)
        #expect(rig.isOpen)
        rig.clock.readerFellBehind()
        rig.pass(30)
        #expect(!rig.isOpen)
    }

    @Test func aSlowReaderStillOwesItsBody() throws {
        let rig = try Rig()
        rig.clock.headArrived()
        rig.pass(20)
        rig.clock.readerFellBehind()
        rig.pass(20)
        rig.clock.readerCaughtUp()
        rig.pass(20)
        #expect(rig.lateBodies == 1)
        #expect(rig.isOpen)
    }

    @Test func aLateBodyDoesNotExcuseASlowReader() throws {
        let rig = try Rig()
        rig.clock.headArrived()
        rig.pass(59)
        rig.clock.readerFellBehind()
        rig.pass(1)
        #expect(rig.lateBodies == 1)
        rig.pass(28)
        #expect(rig.isOpen)
        rig.pass(1)
        #expect(!rig.isOpen)
    }

    @Test func anEndedConnectionIsLetGo() throws {
        weak var clock: ArrivalClock?
        do {
            let rig = try Rig()
            clock = rig.clock
            rig.clock.headArrived()
            _ = try rig.channel.finish()
            rig.pass(600)
            #expect(rig.lateBodies == 0)
        }
        #expect(clock == nil)
    }
}
