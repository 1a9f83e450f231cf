import Core
import NIOCore
import Testing
import Wire

@testable import Gateway

/// Where the calls of a team put down what they bring.
@Suite(.timeLimit(.minutes(1))) struct TeamFloorTests {
    private static func said(_ text: String) throws -> TeamNews { .said([try #require(chunk(text))]) }

    private static func chunk(_ text: String) -> TeamChunk? {
        var parser = SSEParser()
        parser.append(.init(string: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(text)\"}}]}\n\n"))
        return (try? parser.next()).flatMap { $0 }.flatMap { try? JSONDocument($0.data).root }.flatMap(TeamChunk.init)
    }

    private static func text(_ piece: TeamFloor.Piece) -> String {
        guard case .said(let chunks) = piece.news else { return "-" }
        return "\(piece.call ?? -1):\(chunks.compactMap(\.text).joined())"
    }

    @Test func allThatLiesThereIsPickedUpInOrder() async throws {
        let floor = TeamFloor()
        await floor.put(try Self.said("x"), by: 2)
        await floor.put(try Self.said("y"), by: 0)
        await floor.put(.beat(since: .now), by: nil)
        #expect(await floor.take().map(Self.text) == ["2:x", "0:y", "-"])
    }

    @Test func whoHasAnotherPieceWaitsUntilTheFirstIsPickedUp() async throws {
        let floor = TeamFloor()
        let second = try Self.said("b")
        await floor.put(try Self.said("a"), by: 0)
        async let put: Void = floor.put(second, by: 0)
        // Others are not held up by it.
        await floor.put(try Self.said("c"), by: 1)
        #expect(await floor.take().map(Self.text) == ["0:a", "1:c"])
        await put
        #expect(await floor.take().map(Self.text) == ["0:b"])
    }

    @Test func whoWaitsForRoomIsLetGoWhenNobodyListens() async throws {
        let floor = TeamFloor()
        let second = try Self.said("b")
        await floor.put(try Self.said("a"), by: 0)
        async let put: Void = floor.put(second, by: 0)
        floor.close()
        await put
        await floor.put(try Self.said("c"), by: 0)
    }

    @Test func nothingIsLostNorToldOutOfOrder() async throws {
        let (floor, count) = (TeamFloor(), 300)
        await withTaskGroup(of: Void.self) { group in
            for call in 0..<8 {
                group.addTask {
                    for number in 0..<count {
                        guard let chunk = Self.chunk("\(number)") else { return }
                        await floor.put(.said([chunk]), by: call)
                    }
                }
            }
            var told: [Int: [String]] = [:]
            while told.values.reduce(0, { $0 + $1.count }) < 8 * count {
                let pieces = await floor.take()
                #expect(Set(pieces.map(\.call)).count == pieces.count)
                for piece in pieces {
                    guard let call = piece.call, case .said(let chunks) = piece.news else { continue }
                    told[call, default: []] += chunks.compactMap(\.text)
                }
            }
            #expect(told.count == 8 && told.values.allSatisfy { $0 == (0..<count).map(String.init) })
        }
    }
}
