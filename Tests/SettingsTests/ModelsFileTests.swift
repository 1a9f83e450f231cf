import Core
import Settings
import Testing

@Suite struct ModelsFileTests {
    private func parse(_ text: String) throws(ConfigurationError) -> ModelsFile {
        try ModelsFile.parse(text, path: "models.json")
    }

    /// A file whose model and providers are sound but for what is put into them.
    static func file(model: String = "", deployment: String = "", provider: String = "", rest: String = "") -> String {
        """
        {"providers": {"openai": {"base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY"\(provider)},
                       "local": {"base_url": "http://127.0.0.1:11434/v1"}},
         "models": {"fast-one": {"deployments": [{"provider": "openai", "model": "m"\(deployment)}]\(model)},
                    "other-one": {"deployments": [{"provider": "local", "model": "m"}]}}\(rest)}
        """
    }

    private func model(_ text: String) throws -> ModelEntry {
        try #require(parse(Self.file(model: text)).models.first { $0.name == "fast-one" })
    }

    // MARK: What a file says

    @Test func theDesignsExampleIsSound() throws {
        let file = try parse(
            """
            {"providers": {"openai": {"api": "openai", "base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY"},
                           "local":  {"api": "openai", "base_url": "http://127.0.0.1:11434/v1"}},
             "models": {"fast-one": {"deployments": [{"provider": "openai", "model": "its-name-there", "weight": 3}], "fallbacks": ["other-one"],
                                      "quality": 62, "tier": "simple", "max_input_tokens": 128000, "max_output_tokens": 4096,
                                      "input_cost_per_token": 1e-7, "output_cost_per_token": 4e-7, "cache_read_input_token_cost": 2.5e-8,
                                      "supports_function_calling": true, "timeouts": {"first_content_seconds": 10, "stall_seconds": 1.5},
                                      "price_source": "https://example.com", "price_date": "2026-02-28", "owned_by": "openai",
                                      "metadata": {"anything": [1, {}]}},
                        "other-one": {"deployments": [{"provider": "local", "model": "x"}]}},
             "policy": {"cost_bias": 0.25}}
            """)
        #expect(file.providers.map(\.id) == ["local", "openai"])
        #expect(
            file.providers[1]
                == ProviderEntry(id: "openai", baseURL: "https://api.openai.com/v1", keyVariables: ["OPENAI_API_KEY"]))
        var timeouts = Timeouts()
        timeouts.firstContent = .seconds(10)
        timeouts.stall = .milliseconds(1500)
        let rates = Price.Rates(
            prompt: Money(picodollars: 100_000), completion: Money(picodollars: 400_000),
            cachedPrompt: Money(picodollars: 25_000))
        #expect(
            file.models[0]
                == ModelEntry(
                    name: "fast-one", deployments: [.init(provider: "openai", modelName: "its-name-there", weight: 3)],
                    fallbacks: ["other-one"], quality: 62, tier: .simple, inputWindow: 128_000, outputWindow: 4096,
                    abilities: .tools, price: Price(rates, source: "https://example.com", date: "2026-02-28"),
                    timeouts: timeouts, ownedBy: "openai"))
        #expect(file.policy.costBias == 0.25)
        #expect(file.policy.attemptLimit == 6)
    }

    @Test func aMinimalModelJustWorks() throws {
        let model = try model("")
        #expect(model.deployments == [.init(provider: "openai", modelName: "m", weight: 1)])
        #expect(model.fallbacks == nil)
        #expect(model.quality == 50)
        #expect(model.tier == .simple)
        #expect(model.inputWindow == nil)
        #expect(model.outputWindow == nil)
        #expect(model.abilities == [.tools, .responseSchema])
        #expect(model.acceptsSampling)
        #expect(model.price == nil)
        #expect(model.timeouts == Timeouts())
        #expect(model.ownedBy == "openai")
    }

    @Test(arguments: [
        (#""supports_vision": true"#, Abilities.vision), (#""supports_reasoning": true"#, Abilities()),
        (#""supports_function_calling": true, "supports_response_schema": true"#, Abilities([.tools, .responseSchema])),
        (#""supports_audio_input": true"#, .audio), (#""supports_function_calling": false"#, Abilities()),
        (#""supports_sampling_params": false"#, Abilities([.tools, .responseSchema])),
    ])
    func whatIsNotSaidIsNotSoOnceAnythingIs(keys: String, abilities: Abilities) throws {
        #expect(try model(", " + keys).abilities == abilities)
    }

    @Test func someModelsRefuseSampling() throws {
        #expect(try !model(#", "supports_sampling_params": false"#).acceptsSampling)
    }

    @Test func someModelsGoOnFromATextOfTheirs() throws {
        #expect(try !model("").acceptsPrefill)
        #expect(try model(#", "supports_assistant_prefill": true"#).acceptsPrefill)
        // It says nothing of what else the model can do.
        #expect(try model(#", "supports_assistant_prefill": true"#).abilities == [.tools, .responseSchema])
    }

    @Test func providersAskForAPrefillInTheirOwnWays() throws {
        let more = #", "assistant_prefill": {"message": {"prefix": true}, "request": {"continue_final_message": true, "add_generation_prompt": false}, "echoes": true}"#
        let provider = try #require(parse(Self.file(provider: more)).providers.last)
        #expect(
            provider.prefill
                == Provider.Prefill(
                    messageFields: ["prefix": true],
                    requestFields: ["continue_final_message": true, "add_generation_prompt": false], isEchoed: true))
        #expect(try parse(Self.file()).providers.last?.prefill == Provider.Prefill())
    }

    @Test func cutStreamsCanEndWithAnError() throws {
        #expect(try parse(Self.file()).policy.onCut == .resume)
        #expect(try parse(Self.file(rest: #", "policy": {"on_cut": "error"}"#)).policy.onCut == .error)
    }

    @Test(arguments: [(0, Tier.simple), (59, .simple), (60, .medium), (77, .medium), (78, .complex), (100, .complex)])
    func qualityImpliesTheTier(quality: Int, tier: Tier) throws {
        #expect(try model(", \"quality\": \(quality)").tier == tier)
        #expect(try model(", \"quality\": \(quality), \"tier\": \"medium\"").tier == .medium)
    }

    @Test func deploymentsCarryTagsAndNotes() throws {
        let text = #", "tags": ["eu", "tier:1"], "metadata": {"owner": "team a", "cores": 8, "share": 0.5, "spot": true}"#
        let file = try parse(Self.file(deployment: text))
        let deployment = try CatalogueBuilder.build(models: file, agents: [], environment: ["OPENAI_API_KEY": "k"])
            .catalogue.models[0].deployments[0]
        #expect(deployment.tags == ["eu", "tier:1"])
        #expect(deployment.metadata == ["owner": "team a", "cores": "8", "share": "0.5", "spot": "true"])
    }

    @Test func aModelMayBalanceInItsOwnWay() throws {
        #expect(try model("").balance == nil)
        #expect(try model(#", "balance": "round_robin""#).balance == .roundRobin)
        let file = try parse(Self.file(model: #", "balance": "weighted""#, rest: #", "policy": {"balance": "least_busy"}"#))
        let catalogue = try CatalogueBuilder.build(models: file, agents: [], environment: [:]).catalogue
        #expect(catalogue.models.map(\.balance) == [.weighted, .leastBusy])
    }

    @Test func noFallbacksAndNoWordOfThemDiffer() throws {
        #expect(try model(#", "fallbacks": []"#).fallbacks == [])
        #expect(try model("").fallbacks == nil)
    }

    @Test func providersHaveTheirOwnWays() throws {
        let more =
            #", "supports_stream_options": false, "max_tokens_field": "max_completion_tokens", "max_in_flight": 7, "enabled_env": "ON", "metadata": {}"#
        let provider = try #require(parse(Self.file(provider: more)).providers.last)
        #expect(
            provider
                == ProviderEntry(
                    id: "openai", baseURL: "https://api.openai.com/v1", keyVariables: ["OPENAI_API_KEY"], switchVariable: "ON",
                    acceptsStreamOptions: false, outputLimitField: .maxCompletionTokens, inFlightLimit: 7))
    }

    @Test func allTimeoutsCanBeSet() throws {
        let keys = ["connect", "first_content", "answer", "stall", "acquire", "total"]
        let text = keys.enumerated().map { "\"\($1)_seconds\": \($0 + 1)" }.joined(separator: ", ")
        let timeouts = try model(", \"timeouts\": {\(text)}").timeouts
        let read = [
            timeouts.connect, timeouts.firstContent, timeouts.answer, timeouts.stall, timeouts.acquire, timeouts.total,
        ]
        #expect(read == (1...6).map { .seconds($0) })
    }

    @Test func thePolicyCanBeSet() throws {
        let text = """
            , "policy": {"cost_bias": 1, "agents": {"dev": {"cost_bias": 0.25}, "luna": {}}, "keys": {"key-0123456789abcdef": {"cost_bias": 0}}, "max_attempts": 2, "balance": "least_busy", "probe": "off", "hedge": "on", "route_tools": true, "auto_teams": true, "breaker": {"consecutive_faults": 3, "window_seconds": 4, "window_minimum": 5,
              "window_fault_share": 0.75, "open_seconds": 6, "open_max_seconds": 7.5, "successes_to_close": 8}}
            """
        let policy = try parse(Self.file(rest: text)).policy
        #expect(policy.costBias == 1)
        #expect(policy.agentCostBias == ["dev": 0.25])
        #expect(policy.keyCostBias == ["key-0123456789abcdef": 0])
        #expect(policy.attemptLimit == 2)
        #expect(policy.balance == .leastBusy)
        #expect(policy.probe == .off)
        #expect(policy.hedge == .on)
        #expect(policy.routesTools && policy.makesTeams)
        #expect(
            policy.breaker
                == BreakerSettings(
                    consecutiveFaults: 3, window: .seconds(4), windowMinimum: 5, windowFaultShare: 0.75, openFor: .seconds(6),
                    openForMax: .milliseconds(7500), successesToClose: 8))
        #expect(try parse(Self.file()).policy == Policy())
    }

    @Test(arguments: [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"), ("https://h//", "https://h"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://localhost:1", "http://localhost:1"), ("HTTPS://h/v1", "HTTPS://h/v1"),
    ])
    func baseURLsLoseTheirLastSlash(text: String, url: String) throws {
        let file = Self.file().replacing("https://api.openai.com/v1", with: text)
        #expect(try parse(file).providers.last?.baseURL == url)
    }

    @Test func plainHTTPIsAllowedKnowinglyOrWithoutAKey() throws {
        let file = Self.file().replacing("https://api.openai.com", with: "http://10.0.0.7")
        #expect(try parse(file.replacing(", \"api_key_env\": \"OPENAI_API_KEY\"", with: "")).providers.count == 2)
        #expect(
            try parse(file.replacing("\"OPENAI_API_KEY\"", with: "\"OPENAI_API_KEY\", \"allow_http\": true")).providers.count
                == 2)
        #expect(complaints(try parse(file)).count == 1)
    }

    // MARK: The shipped file

    @Test func theShippedFileIsSound() throws {
        let file = try ModelsFile.read(path: repository + "models.json")
        #expect(file.providers.count >= 8)
        #expect(file.models.count >= 20)
        #expect(file.models.map(\.name) == file.models.map(\.name).sorted())
        let priced = try #require(file.models.first { $0.name == "gpt-6-luna" })
        #expect(priced.price?.rates.prompt == Money(picodollars: 100_000))
        #expect(priced.price?.longPrompts.map(\.above) == [272_000])
        #expect(!priced.acceptsSampling)
        #expect(file.models.first { $0.name == "ollama/qwen3" }?.fallbacks == [])
    }

    @Test func aMissingFileNamesTheWayOut() {
        #expect(
            complaints(try ModelsFile.read(path: "/no/such/models.json")) == [
                "/no/such/models.json: there is no such file. Name one by --models or QUINTET_MODELS, or start where models.json is."
            ])
        #expect(complaints(try ModelsFile.read(path: "/tmp")) == ["/tmp: is a directory. Name a file."])
    }

    @Test func filesAreUTF8WithOrWithoutAByteOrderMark() throws {
        let directory = try TemporaryDirectory(["bom.json": "\u{FEFF}" + Self.file()])
        #expect(try ModelsFile.read(path: directory.path + "/bom.json").models.count == 2)
    }

    @Test(arguments: [
        ([String: String](), false), (["OPENAI_API_KEY": "k"], true), (["OPENAI_API_KEY": ""], false), (["UNUSED": "k"], false),
    ])
    func knowsWhetherAnyProviderIsOn(environment: [String: String], isOn: Bool) throws {
        // The unused provider has no model, so it helps nobody.
        let text = Self.file()
            .replacing(
                "\"local\": {",
                with:
                    "\"unused\": {\"base_url\": \"https://h\", \"api_key_env\": \"UNUSED\"}, \"local\": {\"enabled_env\": \"LOCAL\", "
            )
        #expect(try parse(text).isAnyProviderOn(environment: environment) == isOn)
        #expect(try parse(Self.file()).isAnyProviderOn(environment: environment))
    }
}
