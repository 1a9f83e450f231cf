import Core
import Synchronization
import Wire

/// Brings one call of a team to its end, a member's or the synthesis', and puts what comes of it on the floor.
///
/// Opening and reading are tasks of their own: what planning and trying took is given back while the answer is read.
struct TeamSpeaker: Sendable {
    let call: Int
    let name: String
    let floor: TeamFloor

    /// Makes the call, up to its first content.
    func open(_ run: AttemptRun) async {
        var run = run
        let news: TeamNews
        do throws(AnswerFailure) {
            switch try await run.answer() {
            case .whole(let head, let answer): news = whole(head, answer)
            case .stream(let head, let stream): news = .opened(head, UnreadStream(stream))
            }
        } catch { news = .failed(error) }
        await floor.put(news, by: call)
    }

    private func whole(_ head: AnswerHead, _ answer: WholeAnswer) -> TeamNews {
        guard var voice = TeamCompletion.Voice(index: call, name: name, model: head.model, completion: answer.body) else {
            return .failed(.unusable)
        }
        voice.usage = answer.usage
        return .whole(head, voice)
    }

    /// Reads an answer that was opened.
    func read(_ unread: UnreadStream, from model: String) async {
        // The call is over when somebody hears of its end.
        let end = await readToEnd(unread, from: model)
        await floor.put(end, by: call)
    }

    private func readToEnd(_ unread: UnreadStream, from model: String) async -> TeamNews {
        guard var stream = unread.take() else { return .failed(.letGo) }
        var answer = GrowingVoice(index: call, name: name, model: model)
        do {
            // Whoever hears all calls tells their reader that it goes on.
            while let part = try await stream.next(beat: {}) {
                guard let news = answer.take(part) else { continue }
                if news.isEnd { return news }
                await floor.put(news, by: call)
            }
            return .failed(.unusable)
        } catch { return .failed(.letGo) }
    }
}

/// A stream on its way to the task that reads it, which takes it out: its buffers have one owner, and letting go of it ends the call.
final class UnreadStream: Sendable {
    private let stream: Mutex<AttemptStream?>

    init(_ stream: AttemptStream) { self.stream = Mutex(stream) }

    func take() -> AttemptStream? {
        stream.withLock { stream in
            defer { stream = nil }
            return stream
        }
    }
}

/// An answer that is gathered while it is told.
private struct GrowingVoice {
    let index: Int
    let name: String
    var model: String
    private var completion = GrowingCompletion()
    private var bytes = 0

    /// Longest answer that is gathered, as its stream brought it.
    private static let byteLimit = 16 << 20

    init(index: Int, name: String, model: String) {
        self.index = index
        self.name = name
        self.model = model
    }

    /// nil for what says nothing.
    mutating func take(_ part: AnswerStream.Part) -> TeamNews? {
        switch part {
        case .events(let events):
            var chunks: [TeamChunk] = []
            for event in events {
                guard let root = try? JSONDocument(event.data).root, let chunk = TeamChunk(root) else { continue }
                bytes += chunk.size
                guard bytes <= Self.byteLimit, completion.add(root) else { return .failed(.unusable) }
                chunks.append(chunk)
            }
            return chunks.isEmpty ? nil : .said(chunks)
        case .resumed(let resumption):
            model = resumption.model
            return .resumed(resumption)
        case .done(let end):
            guard let body = completion.completion,
                var voice = TeamCompletion.Voice(index: index, name: name, model: model, completion: body)
            else { return .failed(.unusable) }
            voice.usage = end.usage
            return .ended(voice)
        case .failed(let failure): return .failed(failure)
        }
    }
}

extension AnswerFailure {
    /// A provider's answer that makes no message, or one beyond all measure.
    fileprivate static let unusable = AnswerFailure(
        error: GatewayError(
            .providersFailed, .provider, "The provider's answer cannot be read, or is larger than the gateway takes."))

    /// A call that was let go of, or whose caller left.
    fileprivate static let letGo = AnswerFailure(error: GatewayError(.callerGone, .client, "Its answer was not needed any more."))
}
