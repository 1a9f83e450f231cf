package import Core
package import NIOCore

/// One chunk of a member's stream, read once.
package struct TeamChunk: Sendable {
    /// The chunk, which has a choice.
    package let root: JSONValue
    fileprivate let choice: JSONValue
    /// Its choice ends with it.
    package let isLast: Bool

    /// nil for an event that says nothing of a choice.
    package init?(_ event: SSEEvent) {
        guard let root = try? JSONDocument(event.data).root, root.kind == .object,
            let choice = root["choices"]?.children.first(where: { _ in true }), choice.kind == .object
        else { return nil }
        self.root = root
        self.choice = choice
        isLast = choice["finish_reason"]?.string != nil
    }

    /// The text that it adds.
    package var text: String? { choice["delta"]?["content"]?.string }

    /// The choice as its provider sent it, but for its index.
    fileprivate func writeChoice(under index: Int, to bytes: inout ByteBuffer) {
        let whole = choice.range
        guard let old = choice["index"]?.range else {
            bytes.writeStaticString("{\"index\":")
            bytes.writeString(String(index))
            if !choice.isEmpty { bytes.writeStaticString(",") }
            return bytes.write(whole.lowerBound + 1..<whole.upperBound, of: choice.document)
        }
        bytes.write(whole.lowerBound..<old.lowerBound, of: choice.document)
        bytes.writeString(String(index))
        bytes.write(old.upperBound..<whole.upperBound, of: choice.document)
    }

    fileprivate func choice(under index: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        writeChoice(under: index, to: &bytes)
        return bytes
    }
}

extension TeamCompletion.Voice {
    /// What it said, as the chunks of a stream.
    ///
    /// - Parameter pieceLimit: bytes of text in one of them, at least 12.
    package func chunks(pieceLimit: Int = AnswerReplay.longestPiece) -> [TeamChunk] {
        let completion = JSONWriter.text { writer in
            writer.object { writer in
                writer.key("choices")
                writer.array { $0.json(choice) }
            }
        }
        return (AnswerReplay.events(of: completion, withUsage: false, pieceLimit: pieceLimit) ?? []).compactMap(TeamChunk.init)
    }
}

/// Writes a team's answer as one stream of chat completion chunks: a choice for each member, and one for the synthesis, whose
/// chunks come as they are said. `quintet.agent` tells who speaks.
package struct TeamChunks: Sendable {
    private let id: String
    private let created: Int
    private let names: [String]
    private let combine: Combine
    private var isOpen = false
    /// By voice: what its chunks begin with, and the one that ends its choice, until it is known what it took.
    private var heads: [Int: Head] = [:]
    private var last: [Int: TeamChunk] = [:]

    private struct Head: Sendable {
        let model: String
        let bytes: ByteBuffer
    }

    /// - Parameter names: the team's members in order.
    package init(id: String, created: Int, names: [String], combine: Combine) {
        self.id = id
        self.created = created
        self.names = names
        self.combine = combine
    }

    /// A piece of what a voice says; empty where it is for nobody to hear, or held back.
    package mutating func say(_ chunks: [TeamChunk], by voice: Int, model: String, to bytes: inout ByteBuffer) {
        guard !combine.isOneOfThem else { return }
        write(chunks, by: voice, as: voice, model: model, to: &bytes)
    }

    /// A voice has said all.
    package mutating func end(_ voice: TeamCompletion.Voice) -> ByteBuffer {
        guard !combine.isOneOfThem else { return ByteBuffer() }
        return writeEnd(of: voice, as: voice.index)
    }

    /// What is left to say of the whole, behind the last chunk of all voices. The stream's end is not in it.
    ///
    /// - Parameter wantsUsage: whether the caller asked for a chunk with the usage.
    package mutating func finish(_ team: TeamCompletion, _ cost: TeamCost, wantsUsage: Bool) -> ByteBuffer {
        var bytes = ByteBuffer()
        if combine.isOneOfThem, let voice = team.answering { bytes = replay(voice, as: 0) }
        let answer = team.answering.map { team.told($0).index } ?? 0
        bytes.writeImmutableBuffer(
            frame { writer in
                writer.key("model")
                writer.string(team.answering?.model ?? TeamRequest.modelName)
                writer.key("choices")
                writer.array { writer in
                    // Callers who asked for no usage expect a choice in every chunk.
                    if !wantsUsage { writer.emptyChoice(answer) }
                }
                if wantsUsage {
                    writer.key("usage")
                    writer.teamUsage(team.usage)
                }
                writer.key("quintet")
                writer.object { $0.note(of: team, answer: answer, cost) }
            })
        return bytes
    }

    // MARK: Chunks

    private mutating func replay(_ voice: TeamCompletion.Voice, as index: Int) -> ByteBuffer {
        let chunks = voice.chunks()
        var bytes = ByteBuffer()
        write(chunks, by: voice.index, as: index, model: voice.model, to: &bytes)
        bytes.writeImmutableBuffer(writeEnd(of: voice, as: index))
        return bytes
    }

    private mutating func write(_ chunks: [TeamChunk], by voice: Int, as index: Int, model: String, to bytes: inout ByteBuffer) {
        if !isOpen { bytes.writeImmutableBuffer(opening()) }
        for chunk in chunks {
            // Nothing of a choice can follow its end.
            guard last[voice] == nil else { continue }
            if chunk.isLast {
                last[voice] = chunk
            } else {
                append(chunk, by: voice, as: index, model: model, to: &bytes)
            }
        }
    }

    private mutating func writeEnd(of voice: TeamCompletion.Voice, as index: Int) -> ByteBuffer {
        guard let chunk = last.removeValue(forKey: voice.index) else { return ByteBuffer() }
        return frame { writer in
            writer.key("model")
            writer.string(voice.model)
            writer.key("choices")
            writer.array { $0.json(chunk.choice(under: index)) }
            writer.key("quintet")
            writer.object { writer in
                writer.key("agent")
                writer.string(voice.name)
                writer.spent(by: voice)
            }
        }
    }

    /// All members' choices, so that readers who meet them in any order know of each.
    private mutating func opening() -> ByteBuffer {
        isOpen = true
        let count = combine.isOneOfThem ? 1 : names.count
        return frame { writer in
            writer.key("model")
            writer.string(TeamRequest.modelName)
            writer.key("choices")
            writer.array { writer in for index in 0..<count { writer.openingChoice(index) } }
        }
    }

    private mutating func append(
        _ chunk: TeamChunk, by voice: Int, as index: Int, model: String, to bytes: inout ByteBuffer
    ) {
        var head = heads[voice]
        // Another model may take an answer up.
        if head?.model != model { head = Head(model: model, bytes: makeHead(of: voice, model)) }
        heads[voice] = head
        if let head { bytes.writeImmutableBuffer(head.bytes) }
        chunk.writeChoice(under: index, to: &bytes)
        bytes.writeStaticString("]}\n\n")
    }

    /// `data: {"id":…,"choices":[`
    private func makeHead(of voice: Int, _ model: String) -> ByteBuffer {
        var head = frame { writer in
            writer.key("model")
            writer.string(model)
            writer.key("quintet")
            writer.object { writer in
                writer.key("agent")
                writer.string(voice < names.count ? names[voice] : TeamRequest.synthesisName)
            }
            writer.key("choices")
            writer.array { _ in }
        }
        head.moveWriterIndex(to: head.writerIndex - "]}\n\n".utf8.count)
        return head
    }

    private func frame(_ members: (inout JSONWriter) -> Void) -> ByteBuffer {
        SSEFrame.data(
            JSONWriter.text { writer in
                writer.object { writer in
                    writer.key("id")
                    writer.string(id)
                    writer.key("object")
                    writer.string("chat.completion.chunk")
                    writer.key("created")
                    writer.integer(created)
                    members(&writer)
                }
            })
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ range: Range<Int>, of document: JSONDocument) {
        document.bytes.withUnsafeReadableBytes { _ = writeBytes(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension JSONWriter {
    fileprivate mutating func openingChoice(_ index: Int) {
        object { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("delta")
            writer.object { writer in
                writer.key("role")
                writer.string("assistant")
                writer.key("content")
                writer.string("")
            }
            writer.key("finish_reason")
            writer.null()
        }
    }

    fileprivate mutating func emptyChoice(_ index: Int) {
        object { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("delta")
            writer.object { _ in }
            writer.key("finish_reason")
            writer.null()
        }
    }
}
