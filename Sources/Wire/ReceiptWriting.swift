package import Core
package import NIOCore

/// Writes receipts into answers, as the member `quintet`: `{"receipt": {…}}`.
package enum ReceiptWriting {
    /// A whole answer with its receipt at the end.
    package static func append(_ receipt: Receipt, to body: ByteBuffer) -> ByteBuffer {
        guard let document = try? JSONDocument(body) else { return body }
        return append(receipt, to: document.root, of: document)
    }

    /// A provider's error with the receipt inside of `error`: SDKs show nothing else.
    package static func append(_ receipt: Receipt, toErrorOf body: ByteBuffer) -> ByteBuffer {
        guard let document = try? JSONDocument(body), let error = document.root["error"] else { return body }
        return append(receipt, to: error, of: document)
    }

    private static func append(_ receipt: Receipt, to object: JSONValue, of document: JSONDocument) -> ByteBuffer {
        guard object.kind == .object else { return document.bytes }
        let value = JSONWriter.text { writer in writer.object { $0.member(receipt) } }
        var edits = JSONEdits()
        if let own = object["quintet"] {
            // A provider that is a Quintet itself: what it cost whom is its own affair.
            edits.replace(own.range, with: value)
        } else {
            var member = ByteBuffer(string: #""quintet":"#)
            member.writeImmutableBuffer(value)
            edits.appendMember(member, to: object)
        }
        return edits.applied(to: document)
    }

    /// The frame of a stream's last chunk: without choices, as the usage's is, and under the name of the stream.
    ///
    /// - Parameter chunk: another one of the stream.
    package static func frame(_ receipt: Receipt, like chunk: ByteBuffer) -> ByteBuffer {
        let root = (try? JSONDocument(chunk))?.root
        return SSEFrame.data(
            JSONWriter.text { writer in
                writer.object { writer in
                    for member in root?.children.map(\.self) ?? [] {
                        guard let key = member.key, ["id", "object", "created", "model"].contains(key) else { continue }
                        writer.key(dynamic: key)
                        writer.json(member.text)
                    }
                    writer.key("choices")
                    writer.array { _ in }
                    writer.key("quintet")
                    writer.object { $0.member(receipt) }
                }
            })
    }
}

extension JSONWriter {
    /// The member `receipt`. All amounts are whole picodollars (10⁻¹² USD), so that sums are exact.
    mutating func member(_ receipt: Receipt) {
        key("receipt")
        object { writer in
            writer.key("unit")
            writer.string("picodollars")
            writer.key("total")
            writer.integer(receipt.total.picodollars)
            writer.key("total_usd")
            writer.string(receipt.total.decimalUSD)
            writer.key("complete")
            writer.bool(receipt.isComplete)
            writer.key("estimated")
            writer.bool(receipt.isEstimated)
            writer.key("lines")
            writer.array { for line in receipt.lines { $0.element(line) } }
        }
    }

    /// The member `estimate`, written like a receipt.
    mutating func member(_ estimate: PlanFailure.Estimate) {
        key("estimate")
        object { writer in
            writer.key("unit")
            writer.string("picodollars")
            writer.key("total")
            writer.integer(estimate.cost.picodollars)
            writer.key("total_usd")
            writer.string(estimate.cost.decimalUSD)
            writer.key("model")
            writer.string(estimate.model)
            writer.key("tokens")
            writer.array { for item in estimate.items { $0.element(item) } }
        }
    }

    private mutating func element(_ line: Receipt.Line) {
        object { writer in
            writer.key("kind")
            writer.string(line.kind.rawValue)
            if let member = line.member {
                writer.key("member")
                writer.string(member)
            }
            writer.key("model")
            writer.string(line.model)
            writer.key("deployment")
            writer.string(line.deployment)
            writer.key("outcome")
            writer.string(line.outcome)
            writer.key("basis")
            writer.string(line.charge.basis.rawValue)
            writer.key("tokens")
            writer.array { for item in line.charge.items { $0.element(item) } }
            writer.key("price_source")
            writer.string(orNull: line.charge.price?.source)
            writer.key("price_date")
            writer.string(orNull: line.charge.price?.date)
            writer.amount("amount", line.charge.amount)
            if line.kind == .cacheHit || line.kind == .sharedCall { writer.amount("saved", line.saved) }
        }
    }

    private mutating func element(_ item: Charge.Item) {
        object { writer in
            writer.key("class")
            writer.string(item.tokenClass.rawValue)
            writer.key("count")
            writer.integer(item.tokens)
            writer.amount("price", item.price)
            writer.amount("amount", item.amount)
        }
    }

    /// null where it is unknown.
    private mutating func amount(_ name: StaticString, _ amount: Money?) {
        key(name)
        if let amount { integer(amount.picodollars) } else { null() }
    }
}
