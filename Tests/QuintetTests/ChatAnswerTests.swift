import ArgumentParser
import NIOCore
import Testing

@testable import quintet

/// What a stream's events come to.
@Suite struct ChatAnswerTests {
    @Test func readsASingleAnswer() throws {
        let answer = try #require(ChatRecording.played(ChatRecording.single).last)
        let voice = try #require(answer.voices.first)
        #expect(answer.voices.count == 1)
        #expect(voice.text == "Hello there")
        #expect(voice.model == "demo-small" && voice.finish == "stop" && voice.agent == nil)
        #expect(answer.isComplete && answer.failure == nil)
        #expect(answer.facts == .init(costUSD: nil, tokens: 7, firstWord: .milliseconds(400), end: .milliseconds(700)))
    }

    @Test func keepsTheMembersOfATeamApart() throws {
        let answer = try #require(ChatRecording.played(ChatRecording.team).last)
        #expect(answer.members.map(\.agent) == ["dev", "luna", "atlas"])
        #expect(answer.members[0].text == "Build it now.")
        #expect(answer.members[0].facts == .init(costUSD: 0.002, firstWord: .milliseconds(300), end: .milliseconds(900)))
        #expect(answer.members[1].text == "Design first.")
        #expect(answer.members[2].failure == "deadline of 2 s")
        #expect(answer.synthesis?.text == "Design, then build.")
        #expect(answer.synthesis?.model == "demo-medium")
        #expect(answer.facts.costUSD == 0.0026 && answer.facts.tokens == 90 && answer.isComplete)
    }

    @Test func aCutAnswerIsNotComplete() throws {
        let events = ChatRecording.single.prefix(3) + [(600, #"{"error":{"message":"no \u001b[2Jmore","type":"api_error"}}"#)]
        let answer = try #require(ChatRecording.played(Array(events)).last)
        #expect(answer.failure == "no [2Jmore")
        #expect(!answer.isComplete && answer.voices[0].text == "Hello there")
    }

    @Test(arguments: ["", "{", "[]", "7", #"{"hello":"world"}"#])
    func knowsWhatIsNoChunk(data: String) {
        var answer = ChatAnswer()
        let isChunk = answer.take(ByteBuffer(string: data), at: .zero)
        #expect(!isChunk)
    }

    @Test func tellsTheNextQuestionWhatWasSaid() throws {
        let team = ChatRecording.played(ChatRecording.team)
        #expect(Conversation.said(try #require(team.last)) == "Design, then build.")
        #expect(Conversation.said(team[4]) == "dev: Build it now.\n\nluna: Design first.")
        #expect(Conversation.said(try #require(ChatRecording.played(ChatRecording.single).last)) == "Hello there")
    }

    @Test(arguments: [
        (["hi"], "auto"), (["--team", "hi"], "team"), (["--team", "--members", "dev+luna", "hi"], "team/dev+luna"),
        (["hi", "--members", "dev"], "team/dev"), (["--model", "demo-small", "hi"], "demo-small"),
        (["--team", "--url", "http://x", "hi"], "team"),
    ])
    func flagsComeToAModel(arguments: [String], model: String) throws {
        let chat = try #require(try Chat.parseAsRoot(arguments) as? Chat)
        #expect(chat.asked == model)
        // No flag eats the question.
        #expect(chat.text == "hi")
    }

    @Test(arguments: [["--team", "--model", "m", "hi"], ["--members", "dev", "--model", "m", "hi"], ["--members", "What is best?"]])
    func refusesFlagsThatContradict(arguments: [String]) {
        #expect(throws: (any Error).self) { try Chat.parseAsRoot(arguments) }
    }

    @Test func asksInTheOpenAIShape() {
        let question = ChatQuestion(model: "auto", messages: [.init(role: .user, text: "a \"b\""), .init(role: .assistant, text: "c")])
        let body =
            #"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"a \"b\""},{"role":"assistant","content":"c"}]}"#
        #expect(String(buffer: question.body) == body)
    }

    @Test func theFootnoteHoldsWhatIsKnown() {
        let all = ChatAnswer.Facts(costUSD: 0.00012, tokens: 7, firstWord: .milliseconds(300), end: .milliseconds(2120))
        #expect(
            AnswerFootnote.text(model: "m", agent: "dev", facts: all, cache: "hit")
                == "dev on m · USD 0.00012 · first word 0.3 s · total 2.1 s · cache hit")
        #expect(AnswerFootnote.text(model: nil, facts: .init(tokens: 7), cache: "bypass") == "7 tokens")
        #expect(AnswerFootnote.text(model: "m", facts: .init(costUSD: 0)) == "m · USD 0.00")
    }
}
