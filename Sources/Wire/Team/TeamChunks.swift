package import Core
package import NIOCore

/// One chunk of a member's stream. It holds no more than its bytes and where its choice stands in them: many may be kept.
package struct TeamChunk: Sendable {
    private let payload: ByteBuffer
    private let choice: Range<Int>
    /// The index's value in the choice; nil where there is none.
    private let index: Range<Int>?
    private let isEmpty: Bool
    /// Its choice ends with it.
    package let isLast: Bool

    /// nil for one that says nothing of a choice.
    ///
    /// - Parameter root: the whole chunk.
    package init?(_ root: JSONValue) {
        guard let choice = Self.choice(in: root) else { return nil }
        var payload = root.document.bytes
        // An event of several lines; between JSON's values they are white space.
        if payload.readableBytesView.contains(UInt8(ascii: "\n")) {
            payload.withUnsafeMutableReadableBytes { bytes in
                for place in bytes.indices where bytes[place] == UInt8(ascii: "\n") { bytes[place] = UInt8(ascii: " ") }
            }
        }
        self.payload = payload
        self.choice = choice.range
        index = choice["index"]?.range
        isEmpty = choice.isEmpty
        isLast = choice["finish_reason"]?.string != nil
    }

    private static func choice(in root: JSONValue) -> JSONValue? {
        guard root.kind == .object, let choice = root["choices"]?.children.first(where: { _ in true }), choice.kind == .object else { return nil }
        return choice
    }

    /// Bytes of the whole chunk.
    package var size: Int { payload.readableBytes }

    /// The text that it adds.
    package var text: String? {
        (try? JSONDocument(payload).root).flatMap(Self.choice)?["delta"]?["content"]?.string
    }

    /// The choice as its provider sent it, but for its index.
    fileprivate func writeChoice(under number: Int, to bytes: inout ByteBuffer) {
        guard let index else {
            bytes.writeStaticString("{\"index\":")
            bytes.writeString(String(number))
            if !isEmpty { bytes.writeStaticString(",") }
            return write(choice.lowerBound + 1..<choice.upperBound, to: &bytes)
        }
        write(choice.lowerBound..<index.lowerBound, to: &bytes)
        bytes.writeString(String(number))
        write(index.upperBound..<choice.upperBound, to: &bytes)
    }

    private func write(_ range: Range<Int>, to bytes: inout ByteBuffer) {
        payload.withUnsafeReadableBytes { _ = bytes.writeBytes(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    fileprivate func choice(under number: Int) -> ByteBuffer {
        var bytes = ByteBuffer()
        writeChoice(under: number, to: &bytes)
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
        return (AnswerReplay.events(of: completion, withUsage: false, pieceLimit: pieceLimit) ?? []).compactMap { event in
            (try? JSONDocument(event.data).root).flatMap(TeamChunk.init)
        }
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
