import Core
import Foundation
import NIOCore
import TestKit
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

    /// As a caller adds it up from the JSON: tokens to lines, lines to the total, whatever was used and whatever it costs.
    @Test func whatIsWrittenSumsExactly() throws {
        var random = SplitMix64(seed: 5)
        func count() -> Int { Bool.random(using: &random) ? .random(in: 0...200_000, using: &random) : 0 }
        func money() -> Money { Money(picodollars: .random(in: 0...80_000_000, using: &random)) }
        func rates() -> Price.Rates {
            .init(
                prompt: money(), completion: money(), cachedPrompt: money(), cacheWrite: money(), longCacheWrite: money(),
                promptAudio: money(), promptImage: money(), reasoning: money(), completionAudio: money())
        }
        for _ in 0..<200 {
            let lines = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                let usage = Usage(
                    promptTokens: count(), completionTokens: count(), cachedPromptTokens: count(), cacheWriteTokens: count(),
                    longCacheWriteTokens: count(), promptAudioTokens: count(), promptImageTokens: count(),
                    reasoningTokens: count(), completionAudioTokens: count())
                let price = Price(rates(), longPrompts: [(50_000, rates()), (128_000, rates())])
                let charge = Bool.random(using: &random) ? Charge(reported: usage, at: price) : Charge(estimated: usage, at: price)
                return Receipt.Line(kind: .answer, model: "m", deployment: "p/m", outcome: "ok", charge: charge)
            }
            let body = ReceiptWriting.append(Receipt(lines), to: ByteBuffer(string: "{}"))
            let receipt = try #require(JSONDocument(body).root["quintet"]?["receipt"])
            var total = 0
            for line in try #require(receipt["lines"]).children {
                var amount = 0
                for item in try #require(line["tokens"]).children {
                    let (count, price) = (try #require(item["count"]?.int), try #require(item["price"]?.int))
                    #expect(item["amount"]?.int == count * price)
                    amount += count * price
                }
                #expect(line["amount"]?.int == amount)
                total += amount
            }
            #expect(receipt["total"]?.int == total)
            #expect(receipt["complete"]?.bool == true)
        }
    }

    @Test func anErrorHasItInside() {
        let estimate = #"{"error":{"message":"no","code":1}}"#
        #expect(
            String(buffer: ReceiptWriting.append(Self.receipt, toErrorOf: ByteBuffer(string: estimate)))
                == #"{"error":{"message":"no","code":1,"quintet":\#(Self.json)}}"#)
        for other in [#"{"error":"no"}"#, "{}", "x"] {
            #expect(String(buffer: ReceiptWriting.append(Self.receipt, toErrorOf: ByteBuffer(string: other))) == other)
        }
    }

    /// Both are answers for which no call was made.
    @Test func whatWasSavedIsToldOfHitsAndSharedCalls() {
        let line = Receipt.Line(kind: .sharedCall, model: "m", deployment: "p/m", outcome: "ok", charge: .nothing, saved: Money(picodollars: 7))
        let written = String(buffer: ReceiptWriting.append(Receipt([line]), to: ByteBuffer(string: "{}")))
        #expect(written.contains(#""kind":"shared_call""#) && written.contains(#""saved":7"#))
    }
}
