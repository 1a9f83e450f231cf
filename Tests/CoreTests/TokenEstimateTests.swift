import Testing

@testable import Core

/// Tokens by the estimate. The expected counts are those of real tokenizers (the mean of o200k, cl100k, DeepSeek V3 and Tekken).
@Suite struct TokenEstimateTests {
    static let samples: [(name: String, text: String, tokens: Double, within: Double)] = [
        (
            "English prose",
            #"""
            The harbour was quiet when the last ferry came in. Two fishermen were mending a net under the yellow lamp, and neither of them looked up as the passengers walked past with their suitcases. Margaret had expected her brother to be waiting, but there was only a note pinned to the door of the ticket office, written in his hurried hand: the road had been closed since noon, and she would have to stay at the inn until the snow was cleared. She read it twice, folded it carefully, and asked the younger of the two men whether the inn still served supper at this hour.
            """#, 119.0, 0.10
        ),
        (
            "English question",
            #"""
            We have a web application behind a load balancer, and since last week about one request in five hundred fails with a 502 after exactly sixty seconds. The application's own log shows nothing. Which timeouts should I look at first, and how could I find out on which side the connection is closed?
            """#, 61.8, 0.10
        ),
        (
            "Swift",
            #"""
            /// Rings that were cast, by the runner's name.
            struct Scoreboard: Sendable {
                private var points: [String: Int] = [:]
                private let limit: Int

                init(limit: Int = 100) {
                    self.limit = limit
                }

                mutating func add(_ count: Int, to runner: String) throws(ScoreProblem) {
                    guard count >= 0 else { throw .negative(count) }
                    points[runner, default: 0] = min(limit, points[runner, default: 0] + count)
                }

                /// The best three, the first one first; of equal ones the earlier in the alphabet.
                var podium: [(name: String, points: Int)] {
                    points.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3).map { ($0.key, $0.value) }
                }
            }

            """#, 196.2, 0.10
        ),
        (
            "Python",
            #"""
            import argparse
            import json
            from pathlib import Path


            class Inventory:
                """Counts what is on the shelves."""

                def __init__(self, path: Path) -> None:
                    self.path = path
                    self.items: dict[str, int] = {}

                def load(self) -> None:
                    if not self.path.exists():
                        return
                    with self.path.open(encoding="utf-8") as handle:
                        self.items = {str(name): int(count) for name, count in json.load(handle).items()}

                def take(self, name: str, count: int = 1) -> bool:
                    left = self.items.get(name, 0)
                    if left < count:
                        return False
                    self.items[name] = left - count
                    return True


            if __name__ == "__main__":
                parser = argparse.ArgumentParser(description="Take things from the shelf.")
                parser.add_argument("name")
                parser.add_argument("--count", type=int, default=1)
                arguments = parser.parse_args()
                inventory = Inventory(Path("inventory.json"))
                inventory.load()
                print("taken" if inventory.take(arguments.name, arguments.count) else "sold out")

            """#, 249.2, 0.10
        ),
        (
            "JSON",
            #"""
            {"orders": [{"id": 48213, "customer": {"name": "Ada Example", "country": "PT"}, "lines": [{"sku": "LMP-220-W", "quantity": 2, "unit_price": 34.95}, {"sku": "CBL-15-B", "quantity": 1, "unit_price": 7.5}], "paid": true, "created_at": "2024-03-18T09:41:07Z", "note": null}, {"id": 48214, "customer": {"name": "Bo Sample", "country": "SE"}, "lines": [], "paid": false, "created_at": "2024-03-18T09:52:30Z", "note": "call before delivery"}], "next_page": 3}
            """#, 181.4, 0.10
        ),
        (
            "Markdown",
            #"""
            # Backup service

            Copies the volumes of a host to object storage every night.

            ## Quick start

            1. Install it: `make install`
            2. Write `backup.yaml` (see [configuration](docs/configuration.md))
            3. Start it: `systemctl enable --now backup`

            | setting | default | meaning |
            | --- | --- | --- |
            | `interval` | `24h` | time between two runs |
            | `keep` | `14` | copies that are kept |

            > **Note:** a copy is *never* deleted before a newer one was verified.

            """#, 121.0, 0.10
        ),
        (
            "German",
            #"""
            Der Zug hielt mitten auf der Strecke, und niemand wusste, warum. Nach einer Viertelstunde ging eine Schaffnerin durch die Wagen und erklärte, dass ein umgestürzter Baum die Gleise versperre. Die Fahrgäste begannen, miteinander zu sprechen, was sie auf dieser Verbindung sonst nie taten. Ein älterer Herr verteilte Äpfel aus seinem Garten, und zwei Schülerinnen überlegten laut, ob sie die Prüfung wohl noch rechtzeitig erreichen würden.
            """#, 110.4, 0.10
        ),
        (
            "French",
            #"""
            La réunion devait commencer à neuf heures, mais la salle était encore fermée à clé. Pendant que nous attendions dans le couloir, le directeur nous a expliqué pourquoi le projet avait pris du retard : le fournisseur n'avait pas livré les pièces, et personne n'avait prévu de solution de remplacement. Il fallait donc décider, avant la fin de la semaine, si l'on changeait de partenaire ou si l'on repoussait l'ouverture.
            """#, 98.0, 0.20
        ),
        (
            "Spanish",
            #"""
            La biblioteca del pueblo cerró hace diez años, pero los vecinos guardaron los libros en sus casas. Ahora que hay un local nuevo, cada familia ha devuelto los suyos, y faltan menos de los que nadie esperaba. El alcalde ha prometido que estará abierta también los domingos.
            """#, 65.8, 0.10
        ),
        (
            "Russian",
            #"""
            Поезд остановился на маленькой станции, и пассажиры вышли на платформу подышать. Было тихо, пахло дымом и мокрой травой. Старик с корзиной яблок медленно прошёл вдоль вагонов, но никто ничего не купил, и он вернулся на свою скамейку.
            """#, 84.2, 0.20
        ),
        (
            "Chinese",
            #"""
            昨天晚上下了一场大雪，今天早上整个城市都安静了下来。学校停课，孩子们在院子里堆雪人，老人们站在窗前看着他们。虽然公共汽车晚点了很久，但是没有人抱怨，大家都说已经很多年没有见过这样的冬天了。
            """#, 77.4, 0.25
        ),
        (
            "Japanese",
            #"""
            駅前の小さな喫茶店は、三十年前から同じ夫婦が営んでいる。朝は近所の会社員でいっぱいになるが、午後になると静かで、本を読みながら長い時間を過ごす人が多い。来年の春には店を閉めるつもりだと聞いて、常連客はとても残念がっている。
            """#, 96.4, 0.20
        ),
        (
            "Korean",
            #"""
            어제 오후에 친구와 함께 오래된 시장을 둘러보았다. 골목마다 음식 냄새가 가득했고 상인들은 큰 목소리로 손님을 불렀다. 우리는 국수를 한 그릇씩 먹고 나서 강가를 따라 천천히 걸었다.
            """#, 73.4, 0.20
        ),
        (
            "Arabic",
            #"""
            وصلت السفينة إلى الميناء قبل شروق الشمس، وكان العمال ينتظرون على الرصيف منذ ساعات. قال القبطان إن الرحلة كانت صعبة بسبب الرياح القوية، لكن البضائع لم تتضرر.
            """#, 61.8, 0.20
        ),
        (
            "Hindi",
            #"""
            गाँव के बाहर एक पुराना बरगद का पेड़ है, जिसके नीचे हर शाम बच्चे खेलते हैं। इस साल बारिश देर से आई, इसलिए किसान चिंतित थे, लेकिन अब खेत हरे हो गए हैं।
            """#, 76.6, 0.10
        ),
    ]

    @Test(arguments: samples)
    func isNearRealTokenizers(sample: (name: String, text: String, tokens: Double, within: Double)) {
        let estimate = Double(TokenEstimate.tokens(in: sample.text))
        #expect(abs(estimate / sample.tokens - 1) <= sample.within, "\(sample.name): \(estimate), real \(sample.tokens)")
    }

    @Test func nothingIsNothing() {
        #expect(TokenEstimate.tokens(in: "") == 0)
        #expect(TokenEstimate().tokens == 0)
        #expect((1...2).contains(TokenEstimate.tokens(in: "a")))
    }

    @Test func moreTextIsNeverLess() {
        for text in ComplexityTests.rubbish {
            let tokens = TokenEstimate.tokens(in: text)
            #expect(tokens >= 0)
            #expect(tokens <= text.utf8.count * 2 + 1)
            #expect(TokenEstimate.tokens(in: text + " and more") >= tokens)
        }
    }

    @Test(arguments: [
        (#"line\nline"#, "line\nline"), (#"\"quoted\" \\ \/"#, "\"quoted\" \\ /"), (#"tab\there"#, "tab\there"),
        (#"\u0041\u0062"#, "Ab"), (#"\u6f22\u5b57"#, "漢字"), (#"gr\u00fc\u00df"#, "grüß"), (#"\ud83d\ude00"#, "😀"),
    ])
    func escapesCountAsWhatTheyStandFor(escaped: String, plain: String) {
        func count(_ text: String, isEscaped: Bool) -> TokenEstimate {
            var estimate = TokenEstimate()
            Array(text.utf8).withUnsafeBytes { estimate.add($0, isEscaped: isEscaped) }
            return estimate
        }
        #expect(count(escaped, isEscaped: true) == count(plain, isEscaped: false))
        // A text cut in the middle of an escape is no harm.
        for end in 0...escaped.utf8.count { _ = count(String(escaped.prefix(end)), isEscaped: true) }
    }

    @Test func aLongTextIsSampled() {
        let paragraph = "The committee met on Tuesday to discuss the annual budget, and agreed to publish its minutes.\n"
        let short = TokenEstimate.tokens(in: String(repeating: paragraph, count: 100))
        let long = TokenEstimate.tokens(in: String(repeating: paragraph, count: 10_000))
        #expect(abs(Double(long) / Double(short * 100) - 1) < 0.02)
    }
}

/// What providers report, learnt by model.
@Suite struct TokenCorrectionTests {
    @Test func theFirstReportIsBelieved() {
        var correction = TokenCorrection()
        #expect(correction.factor == 1)
        #expect(correction.corrected(1000) == 1000)
        correction.observe(estimated: 1000, reported: 1200)
        #expect(correction.factor == 1.2)
        #expect(correction.corrected(1000) == 1200)
    }

    @Test func reportsAreAveraged() {
        var correction = TokenCorrection()
        for _ in 0..<200 { correction.observe(estimated: 1000, reported: 1100) }
        correction.observe(estimated: 1000, reported: 2000)
        #expect(abs(correction.factor - (1.1 + 0.09)) < 0.001)
        for _ in 0..<200 { correction.observe(estimated: 1000, reported: 900) }
        #expect(abs(correction.factor - 0.9) < 0.001)
    }

    @Test func nonsenseIsBoundedOrIgnored() {
        var correction = TokenCorrection()
        for (estimated, reported) in [(0, 5), (-3, 5), (63, 500), (1000, 0), (1000, -4)] {
            correction.observe(estimated: estimated, reported: reported)
        }
        #expect(correction == TokenCorrection())
        correction.observe(estimated: 100, reported: .max)
        #expect(correction.factor == 2)
        for _ in 0..<500 { correction.observe(estimated: 1_000_000, reported: 1) }
        #expect(correction.factor >= 0.5)
        #expect(correction.factor < 0.501)
    }
}
