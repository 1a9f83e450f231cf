import Core
@testable import Gateway
import NIOCore
import Testing
import Wire

/// What a flight keeps, and when the provider has to wait.
@Suite struct FlightLogTests {
    private func entry(_ number: Int = 0, bytes: Int, isUsageOnly: Bool = false) -> FlightLog.Entry {
        FlightLog.Entry(part: .resumed(Resumption(model: "\(number)", by: .restart)), isUsageOnly: isUsageOnly, bytes: bytes)
    }

    private func numbers(_ entries: ArraySlice<FlightLog.Entry>) -> [Int] { entries.map(\.number) }

    @Test func everyReaderGetsEverythingInOrder() {
        var log = FlightLog()
        var (early, late) = (FlightLog.Position(), FlightLog.Position())
        #expect(log.read(from: &early).isEmpty)
        for number in 0..<3 { log.append(entry(number, bytes: 10)) }
        #expect(numbers(log.read(from: &early)) == [0, 1, 2])
        log.append(entry(3, bytes: 10))
        #expect(numbers(log.read(from: &early)) == [3] && log.read(from: &early).isEmpty)
        #expect(numbers(log.read(from: &late)) == [0, 1, 2, 3])
    }

    @Test func aBatchIsBounded() {
        var log = FlightLog()
        for number in 0..<600 { log.append(entry(number, bytes: 1)) }
        var position = FlightLog.Position()
        var sizes: [Int] = []
        var read: [Int] = []
        while case let batch = numbers(log.read(from: &position)), !batch.isEmpty {
            sizes.append(batch.count)
            read += batch
        }
        #expect(sizes == [256, 256, 88] && read == Array(0..<600))
    }

    /// Positions of readers who have read so many bytes of a log of equal entries.
    private func positions(in log: FlightLog, _ reads: Int...) -> [FlightLog.Position] {
        reads.map { count in
            var position = FlightLog.Position()
            for _ in 0..<count { _ = log.read(from: &position) }
            return position
        }
    }

    @Test func theQuickestReaderCountsWhileTheLogIsWhole() {
        var log = FlightLog()
        let reader = [FlightLog.Position()]
        log.append(entry(bytes: FlightLog.window))
        #expect(!log.isAhead(of: reader), "just as far as allowed")
        log.append(entry(bytes: 1))
        #expect(log.isAhead(of: reader))
        #expect(!log.isAhead(of: reader + positions(in: log, 1)), "another one has read it all")
        #expect(!log.isAhead(of: []), "nobody waits for anything")
    }

    @Test func theSlowestReaderCountsBehindTheLimit() {
        var log = FlightLog()
        log.append(entry(bytes: FlightLog.wholeLimit))
        let quick = positions(in: log, 1)
        let slow = [FlightLog.Position()]
        #expect(!log.isAhead(of: slow + quick))
        log.append(entry(bytes: 1))
        #expect(log.isAhead(of: slow + quick), "the slow one has read nothing of more than the limit")
        #expect(!log.isAhead(of: quick))
    }

    @Test func aLogIsTrimmedOnlyBehindTheLimit() {
        var log = FlightLog()
        log.append(entry(0, bytes: FlightLog.wholeLimit))
        let first = positions(in: log, 1)
        log.trim(for: first)
        #expect(log.isWhole, "whoever joins may still get all")
        log.append(entry(1, bytes: 1))
        log.trim(for: first + [FlightLog.Position()])
        #expect(log.isWhole, "somebody has read nothing")
        log.trim(for: first)
        #expect(!log.isWhole && log.chunks == nil)
        var position = first[0]
        #expect(numbers(log.read(from: &position)) == [1], "the rest is where it was")
    }

    @Test func chunksAreThoseOfEvents() throws {
        var parser = SSEParser()
        parser.append(ByteBuffer(string: "data: a\n\ndata: b\n\ndata: c\n\n"))
        var events: [SSEEvent] = []
        while let event = try parser.next() { events.append(event) }
        var log = FlightLog()
        log.append(FlightLog.Entry(part: .events(Array(events[..<2])), isUsageOnly: false, bytes: 2))
        log.append(entry(bytes: 0))
        log.append(FlightLog.Entry(part: .events([events[2]]), isUsageOnly: true, bytes: 1))
        #expect(log.chunks == events)
    }
}

extension FlightLog.Entry {
    /// What a test gave it to be known by.
    var number: Int { if case .resumed(let resumption) = part { Int(resumption.model) ?? -1 } else { -1 } }
}
