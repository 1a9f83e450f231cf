import Core
import Foundation
import NIOCore
import Testing
@testable import Wire

/// Receipts as callers read them.
@Suite struct ReceiptWritingTests {
    private static let receipt = Receipt([
        .init(kind: .failedAttempt, model: "a", deployment: "p/a", outcome: "server_error", charge: .nothing),
        .init(
            kind: .answer, model: "b", deployment: "q/b", outcome: "ok",
            charge: Charge(
                reported: Usage(promptTokens: 10, completionTokens: 3, cachedPromptTokens: 4),
                at: Price(
                    .init(
                        prompt: Money(picodollars: 1000), completion: Money(picodollars: 5000),
                        cachedPrompt: Money(picodollars: 100)), source: "https://example.com/prices", date: "2026-01-02"))),
        .init(
            kind: .resumedPart, model: "c", deployment: "r/c", outcome: "cut",
            charge: Charge(estimated: Usage(promptTokens: 2, completionTokens: 0), at: nil)),
        .cacheHit(model: "b", deployment: "q/b", saved: Money(picodollars: 5)),
    ])

    /// The lines' amounts are 0, 6 × 1000 + 4 × 100 + 3 × 5000 = 21,400, unknown and 0.
    private static let json = #"{"receipt":{"unit":"picodollars","total":21400,"total_usd":"0.0000000214","complete":false,"estimated":true,"lines":["#
        + #"{"kind":"failed_attempt","model":"a","deployment":"p/a","outcome":"server_error","basis":"nothing","tokens":[],"price_source":null,"price_date":null,"amount":0},"#
        + #"{"kind":"answer","model":"b","deployment":"q/b","outcome":"ok","basis":"reported","tokens":["#
        + #"{"class":"prompt","count":6,"price":1000,"amount":6000},{"class":"cache_read","count":4,"price":100,"amount":400},{"class":"completion","count":3,"price":5000,"amount":15000}],"#
        + #""price_source":"https://example.com/prices","price_date":"2026-01-02","amount":21400},"#
        + #"{"kind":"resumed_part","model":"c","deployment":"r/c","outcome":"cut","basis":"estimated","tokens":[{"class":"prompt","count":2,"price":null,"amount":null}],"price_source":null,"price_date":null,"amount":null},"#
        + #"{"kind":"cache_hit","model":"b","deployment":"q/b","outcome":"ok","basis":"nothing","tokens":[],"price_source":null,"price_date":null,"amount":0,"saved":5}]}}"#

    @Test(arguments: [
        (#"{"id":"c","usage":{}}"#, #"{"id":"c","usage":{},"quintet":RECEIPT}"#), ("{}", #"{"quintet":RECEIPT}"#),
        ("{\"id\" : 1 \n}\n", "{\"id\" : 1 \n,\"quintet\":RECEIPT}\n"),
        (#"{"quintet":{"receipt":{"total":1}},"id":1}"#, #"{"quintet":RECEIPT,"id":1}"#), ("[]", "[]"), ("x", "x"),
    ])
    func aWholeAnswerEndsWithIt(body: String, expected: String) throws {
        let written = String(buffer: ReceiptWriting.append(Self.receipt, to: ByteBuffer(string: body)))
        #expect(written == expected.replacingOccurrences(of: "RECEIPT", with: Self.json))
    }

    @Test func aStreamsLastChunkIsLikeItsOthers() {
        let chunk = #"{"id":"c\u00e9","object":"chat.completion.chunk","created":17e8,"model":"m","choices":[{"index":0}],"usage":null}"#
        let frame = ReceiptWriting.frame(Self.receipt, like: ByteBuffer(string: chunk))
        #expect(
            String(buffer: frame)
                == #"data: {"id":"c\u00e9","object":"chat.completion.chunk","created":17e8,"model":"m","choices":[],"quintet":\#(Self.json)}"# + "\n\n")
        #expect(String(buffer: ReceiptWriting.frame(Receipt([]), like: ByteBuffer())).hasPrefix(#"data: {"choices":[],"quintet":{"receipt":"#))
    }
}
