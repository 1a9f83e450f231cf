import Settings
import Testing

/// Each mistake has its own words, and each is told with its place.
@Suite struct ModelsFileMistakeTests {
    private func found(_ text: String) -> [String] { complaints(try ModelsFile.parse(text, path: "models.json")) }

    @Test func tagsAndNotesAreFewAndShort() {
        let many = (0...20).map { "\"t\($0)\"" }.joined(separator: ", ")
        let notes = (0...20).map { "\"n\($0)\": 1" }.joined(separator: ", ")
        let place = "models.json: models.fast-one.deployments[0]"
        #expect(found(ModelsFileTests.file(deployment: ", \"tags\": [\(many)]")) == ["\(place).tags: must hold at most 20 tags."])
        #expect(
            found(ModelsFileTests.file(deployment: ", \"metadata\": {\(notes)}")) == ["\(place).metadata: must hold at most 20 notes."])
        let long = String(repeating: "x", count: 257)
        #expect(
            found(ModelsFileTests.file(deployment: ", \"metadata\": {\"n\": \"\(long)\"}"))
                == ["\(place).metadata.n: must have 256 characters at most."])
    }

    @Test func tellsWhichProviderWasMeant() {
        let text = ModelsFileTests.file().replacing("\"provider\": \"openai\"", with: "\"provider\": \"openia\"")
        #expect(
            found(text) == [
                "models.json: models.fast-one.deployments[0].provider: there is no provider 'openia'. Did you mean 'openai'?"
            ])
    }

    @Test(arguments: [
        (#""qualty": 1"#, "qualty: there is no such key in a model. Did you mean 'quality'?"),
        (#""mode": "chat""#, "mode: there is no such key in a model. Remove it, or put it under 'metadata'."),
        (
            #""litellm_provider": "x""#,
            "litellm_provider: there is no such key in a model. Remove it, or put it under 'metadata'."
        ),
        (#""supports_visoin": true"#, "supports_visoin: there is no such key. Did you mean 'supports_vision'?"),
        (#""supports_telepathy": "yes""#, "supports_telepathy: must be true or false, not text."),
        (#""supports_vision": 1"#, "supports_vision: must be true or false, not a number."),
        (#""input_cost_per_tokn": 1e-6"#, "input_cost_per_tokn: there is no such key. Did you mean 'input_cost_per_token'?"),
        (#""input_cost_per_image": "dear""#, "input_cost_per_image: must be a number, not text."),
        (#""input_cost_per_image": -1"#, "input_cost_per_image: must not be negative."),
        (#""quality": 101"#, "quality: must be a whole number from 0 to 100, not 101."),
        (#""quality": 50.5"#, "quality: must be a whole number from 0 to 100, not 50.5."),
        (#""quality": "good""#, "quality: must be a number, not text."),
        (#""tier": "medum""#, "tier: must be one of 'simple', 'medium', 'complex', not 'medum'. Did you mean 'medium'?"),
        (
            #""balance": "random""#,
            "balance: must be one of 'weighted', 'round_robin', 'least_busy', 'peak_ewma', not 'random'."
        ),
        (#""max_input_tokens": 0"#, "max_input_tokens: must be a whole number from 1 to 1000000000, not 0."),
        (#""max_output_tokens": null"#, "max_output_tokens: must be a number, not null."),
        (#""metadata": 1"#, "metadata: must be an object { … }, not a number."),
        (#""owned_by": " x""#, "owned_by: has blanks around it. Remove them."),
        (#""owned_by": "x\r\ny: z""#, "owned_by: must be one line, without control characters."),
        (#""owned_by": " ""#, "owned_by: must not be empty. Fill it in, or remove the key."),
        (#""fallbacks": "other-one""#, "fallbacks: must be a list of texts, not text."),
        (#""fallbacks": [1]"#, "fallbacks[0]: must be text between quotes, not a number."),
        (#""fallbacks": ["other-won"]"#, "fallbacks[0]: there is no model 'other-won'. Did you mean 'other-one'?"),
        (#""fallbacks": ["fast-one"]"#, "fallbacks[0]: a model cannot stand in for itself. Remove it."),
        (#""fallbacks": ["other-one", "other-one"]"#, "fallbacks[1]: 'other-one' stands here twice. Remove one of the two."),
        (
            #""timeouts": {"stall_secs": 1}"#,
            "timeouts.stall_secs: there is no such key in timeouts. Did you mean 'stall_seconds'?"
        ),
        (#""timeouts": {"stall_seconds": 0}"#, "timeouts.stall_seconds: must be more than 0 and at most 3600 seconds, not 0."),
        (
            #""timeouts": {"total_seconds": 3601}"#,
            "timeouts.total_seconds: must be more than 0 and at most 3600 seconds, not 3601."
        ),
        (#""timeouts": [1]"#, "timeouts: must be an object { … }, not a list."),
        (#""price_date": "2026-02-30""#, "price_date: must be a date written YYYY-MM-DD."),
        (#""price_date": "1.2.2026""#, "price_date: must be a date written YYYY-MM-DD."),
    ])
    func inAModel(text: String, problem: String) {
        #expect(found(ModelsFileTests.file(model: ", " + text)) == ["models.json: models.fast-one." + problem])
    }

    @Test(arguments: [
        (
            #""input_cost_per_token": 1e-6"#,
            "output_cost_per_token: is missing. Prices of prompt and completion belong together: add it, or remove the other."
        ),
        (
            #""output_cost_per_token": 1e-6"#,
            "input_cost_per_token: is missing. Prices of prompt and completion belong together: add it, or remove the other."
        ),
        (
            #""input_cost_per_token": 2.5, "output_cost_per_token": 1e-6"#,
            "input_cost_per_token: is too high for one token. Prices are US dollars per token: 2.50 per million is written 2.5e-06."
        ),
        (
            #""input_cost_per_token": 0.05, "output_cost_per_token": 1e-6"#,
            "input_cost_per_token: is too high for one token. Prices are US dollars per token: 2.50 per million is written 2.5e-06."
        ),
        (#""input_cost_per_token": -1e-6, "output_cost_per_token": 1e-6"#, "input_cost_per_token: must not be negative."),
        (
            #""input_cost_per_token": 1e-13, "output_cost_per_token": 1e-6"#,
            "input_cost_per_token: is less than a picodollar (1e-12), the smallest price that can be counted. Write 0 for free."
        ),
        (
            #""input_cost_per_token": "1e-6", "output_cost_per_token": 1e-6"#,
            "input_cost_per_token: must be a number, not text."
        ),
        (
            #""input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "input_cost_per_token_above_200k_tokens": 2e-6"#,
            "output_cost_per_token_above_200k_tokens: is missing. Prices of prompt and completion belong together: add it, or remove the other."
        ),
        (
            #""input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token_above_200k_tokens": 2e-6"#,
            "input_cost_per_token: is missing. The price of long prompts (_above_200k_tokens) needs that of others beside it."
        ),
    ])
    func inAPrice(text: String, problem: String) {
        #expect(found(ModelsFileTests.file(model: ", " + text)) == ["models.json: models.fast-one." + problem])
    }

    @Test(arguments: [
        (#""weight": 0"#, "weight: must be a whole number from 1 to 1000000, not 0."),
        (#""wieght": 2"#, "wieght: there is no such key in a deployment. Did you mean 'weight'?"),
        (#""priority": 2"#, "priority: there is no such key in a deployment. Remove it, or put it under 'metadata'."),
        (#""tags": "eu""#, "tags: must be a list of texts, not text."),
        (#""tags": ["eu", "eu"]"#, "tags[1]: 'eu' stands here twice. Remove one of the two."),
        (#""tags": ["a b"]"#, "tags[0]: must have 1 to 64 letters, digits, '.', '_', '-' or ':'."),
        (#""metadata": "x""#, "metadata: must be an object { … }, not text."),
        (#""metadata": {"a": []}"#, "metadata.a: must be text, a number, true or false, not a list."),
        (#""metadata": {"a": "x\ny"}"#, "metadata.a: must be one line, without control characters."),
        (#""tag": ["eu"]"#, "tag: there is no such key in a deployment. Did you mean 'tags'?"),
        (#""region": "eu""#, "region: there is no such key in a deployment. Remove it, or put it under 'metadata'."),
    ])
    func inADeployment(text: String, problem: String) {
        #expect(
            found(ModelsFileTests.file(deployment: ", " + text)) == ["models.json: models.fast-one.deployments[0]." + problem])
    }

    @Test(arguments: [
        (#"{"m": {}}"#, ["models.m.deployments: is missing. Write [{\"provider\": \"…\", \"model\": \"…\"}]."]),
        (
            #"{"m": {"deployments": []}}"#,
            ["models.m.deployments: must hold 1 to 100 deployments. Write [{\"provider\": \"…\", \"model\": \"…\"}]."]
        ),
        (#"{"m": {"deployments": {}}}"#, ["models.m.deployments: must be a list [ … ] of objects, not an object."]),
        (#"{"m": {"deployments": ["p"]}}"#, ["models.m.deployments[0]: must be an object { … }, not text."]),
        (
            #"{"m": {"deployments": [{}]}}"#,
            [
                "models.m.deployments[0].provider: is missing. Name one of 'providers'.",
                "models.m.deployments[0].model: is missing. Write the model's name at that provider.",
            ]
        ),
        (#"{"m": 1}"#, ["models.m: must be an object { … }, not a number."]),
        (#"{}"#, ["models: must hold at least one model."]),
        (#"[]"#, ["models: must be an object { … }, not a list."]),
    ])
    func inTheModels(text: String, problems: [String]) {
        let file = #"{"providers": {"p": {"base_url": "https://h"}}, "models": \#(text)}"#
        #expect(found(file) == problems.map { "models.json: " + $0 })
    }

    @Test(arguments: ["auto", "team", "agent/dev", "team/dev+luna", "agent/"])
    func reservedNames(name: String) {
        let file =
            #"{"providers": {"p": {"base_url": "https://h"}}, "models": {"\#(name)": {"deployments": [{"provider": "p", "model": "m"}]}}}"#
        #expect(found(file).count == 1)
        #expect(
            found(file).first?.hasSuffix(
                ": callers reach Quintet's agents by 'auto', 'team', 'agent/…' and 'team/…'. Choose another name.") == true)
    }

    @Test(arguments: ["", "a b", "a\\n", "a\\u200b", String(repeating: "x", count: 201)])
    func impossibleNames(name: String) {
        let file =
            #"{"providers": {"p": {"base_url": "https://h"}}, "models": {"\#(name)": {"deployments": [{"provider": "p", "model": "m"}]}}}"#
        let found = found(file)
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix("a model's name must have 1 to 200 characters, none of them blank or invisible.") == true)
    }

    @Test(arguments: [
        (#"{}"#, "base_url: is missing. Write the URL before /chat/completions, like https://api.openai.com/v1."),
        (#"{"base_url": "https://h", "api": "bedrock"}"#, "api: must be one of 'openai', 'anthropic', not 'bedrock'."),
        (#"{"base_url": "api.openai.com/v1"}"#, "base_url: must begin with https:// or http://."),
        (#"{"base_url": "ftp://h"}"#, "base_url: must begin with https:// or http://."),
        (#"{"base_url": "https://"}"#, "base_url: has no host. Write it like https://api.openai.com/v1."),
        (#"{"base_url": "https:///v1"}"#, "base_url: has no host. Write it like https://api.openai.com/v1."),
        (#"{"base_url": "https://a b/v1"}"#, "base_url: is no URL. Write one like https://api.openai.com/v1."),
        (#"{"base_url": "https://h\r\nx: y"}"#, "base_url: must be one line, without control characters."),
        (#"{"base_url": "https://ä/v1"}"#, "base_url: is no URL. Write one like https://api.openai.com/v1."),
        (#"{"base_url": "https://h:99999"}"#, "base_url: has no possible port. Use 1 to 65535."),
        (#"{"base_url": "https://h/v1?a=b"}"#, "base_url: must end with its path, without ? or #: paths are added to it."),
        (#"{"base_url": "https://h/v1#a"}"#, "base_url: must end with its path, without ? or #: paths are added to it."),
        (
            #"{"base_url": "https://h/v1/chat/completions"}"#,
            "base_url: must end before /chat/completions, which is added to it."
        ),
        (
            #"{"base_url": "https://u:canary@h/v1"}"#,
            "base_url: must not hold a user or password. Name the variable that holds the key by 'api_key_env'."
        ),
        (
            #"{"base_url": "https://canary@h/v1"}"#,
            "base_url: must not hold a user or password. Name the variable that holds the key by 'api_key_env'."
        ),
        (
            #"{"base_url": "http://h/v1", "api_key_env": "K"}"#,
            "base_url: would send the key over plain http to another machine. Use https, or set \"allow_http\": true if nobody can listen on that network."
        ),
        (
            #"{"base_url": "https://h", "api_key_env": "sk-canary"}"#,
            "api_key_env: must be the name of an environment variable, like OPENAI_API_KEY, not a value."
        ),
        (
            #"{"base_url": "https://h", "api_key_env": ["A", "sk-canary"]}"#,
            "api_key_env[1]: must be the name of an environment variable, like OPENAI_API_KEY, not a value."
        ),
        (#"{"base_url": "https://h", "api_key_env": ["A", "A"]}"#, "api_key_env[1]: 'A' stands here twice. Remove one of the two."),
        (#"{"base_url": "https://h", "api_key_env": ["A", 1]}"#, "api_key_env[1]: must be text between quotes, not a number."),
        (
            #"{"base_url": "https://h", "api_key_env": []}"#,
            "api_key_env: must name 1 to 20 variables. Leave it out for a provider without a key."
        ),
        (
            #"{"base_url": "https://h", "enabled_env": "1"}"#,
            "enabled_env: must be the name of an environment variable, like OPENAI_API_KEY, not a value."
        ),
        (
            #"{"base_url": "https://h", "api_key": "canary"}"#,
            "api_key: keys do not belong here. Put it into an environment variable and name that by 'api_key_env'."
        ),
        (#"{"base_url": "https://h", "max_in_flight": 0}"#, "max_in_flight: must be a whole number from 1 to 10000, not 0."),
        (
            #"{"base_url": "https://h", "max_in_flight": 10001}"#,
            "max_in_flight: must be a whole number from 1 to 10000, not 10001."
        ),
        (
            #"{"base_url": "https://h", "max_tokens_field": "max_token"}"#,
            "max_tokens_field: must be one of 'max_tokens', 'max_completion_tokens', not 'max_token'. Did you mean 'max_tokens'?"
        ),
        (
            #"{"base_url": "https://h", "supports_stream_options": "no"}"#,
            "supports_stream_options: must be true or false, not text."
        ),
        (
            #"{"base_url": "https://h", "baseurl": "x"}"#,
            "baseurl: there is no such key in a provider. Did you mean 'base_url'?"
        ),
        (
            #"{"base_url": "https://h", "assistant_prefill": {"echos": true}}"#,
            "assistant_prefill.echos: there is no such key in assistant_prefill. Did you mean 'echoes'?"
        ),
        (
            #"{"base_url": "https://h", "assistant_prefill": {"message": {"prefix": "yes"}}}"#,
            "assistant_prefill.message.prefix: must be true or false, not text."
        ),
        (
            #"{"base_url": "https://h", "region": "eu"}"#,
            "region: there is no such key in a provider. Remove it, or put it under 'metadata'."
        ),
    ])
    func inAProvider(text: String, problem: String) {
        let file = #"{"providers": {"p": \#(text)}, "models": {"m": {"deployments": [{"provider": "p", "model": "m"}]}}}"#
        #expect(found(file) == ["models.json: providers.p." + problem])
        #expect(!found(file).joined().contains("canary"))
    }

    @Test(arguments: ["", "-a", "a/b", "a b", "ä", String(repeating: "x", count: 65)])
    func impossibleProviderNames(name: String) {
        let file =
            #"{"providers": {"\#(name)": {"base_url": "https://h"}}, "models": {"m": {"deployments": [{"provider": "\#(name)", "model": "m"}]}}}"#
        #expect(found(file).contains { $0.contains("a provider's name must consist of letters, digits") })
    }

    @Test(arguments: [
        (#""cost_bias": 1.5"#, "cost_bias: must be from 0 to 1, not 1.5."),
        (#""agents": {"dev": {"cost_bias": -1}}"#, "agents.dev.cost_bias: must be from 0 to 1, not -1."),
        (#""agents": {"dev": {"bias": 1}}"#, "agents.dev.bias: there is no such key in an agent's policy. Remove it."),
        (
            #""keys": {"a-client-key": {"cost_bias": 9}}"#,
            "keys: a key stands here as 'key-' and 16 hexadecimal digits. Get one by 'printf \"quintet tenant %s\" \"$KEY\" | sha256sum | cut -c1-16'."
        ),
        (#""keys": {"key-0123456789abcdef": {"cost_bias": 2}}"#, "keys.key-0123456789abcdef.cost_bias: must be from 0 to 1, not 2."),
        (#""max_attempts": 7"#, "max_attempts: must be a whole number from 1 to 6, not 7."),
        (
            #""balance": "peak-ewma""#,
            "balance: must be one of 'weighted', 'round_robin', 'least_busy', 'peak_ewma', not 'peak-ewma'. Did you mean 'peak_ewma'?"
        ),
        (#""probe": true"#, "probe: must be text between quotes, not true or false."),
        (#""hedge": true"#, "hedge: must be text between quotes, not true or false."),
        (#""hedge": "auto""#, "hedge: must be one of 'on', 'off', not 'auto'."),
        (#""probe": "on""#, "probe: must be one of 'auto', 'off', not 'on'."),
        (#""max_atempts": 2"#, "max_atempts: there is no such key in the policy. Did you mean 'max_attempts'?"),
        (#""on_cut": "retry""#, "on_cut: must be one of 'resume', 'error', not 'retry'."),
        (#""breaker": {"window_fault_share": 0}"#, "breaker.window_fault_share: must be from 0.01 to 1, not 0."),
        (
            #""breaker": {"open_seconds": 60, "open_max_seconds": 30}"#,
            "breaker.open_max_seconds: must not be less than open_seconds. Raise it, or lower the other."
        ),
        (#""breaker": {"consecutive_faults": 0}"#, "breaker.consecutive_faults: must be a whole number from 1 to 1000, not 0."),
        (
            #""breaker": {"successes_to_close": 1.5}"#,
            "breaker.successes_to_close: must be a whole number from 1 to 100, not 1.5."
        ),
        (#""breaker": {"threshold": 5}"#, "breaker.threshold: there is no such key in the breaker's settings. Remove it."),
    ])
    func inThePolicy(text: String, problem: String) {
        #expect(found(ModelsFileTests.file(rest: ", \"policy\": {\(text)}")) == ["models.json: policy." + problem])
    }

    @Test(arguments: [
        ("{}", ["providers: is missing. Write \"providers\": { … }.", "models: is missing. Write \"models\": { … }."]),
        ("[]", ["must be an object { … }, not a list."]),
        ("", ["line 1, column 1: the file ends where a value should stand."]),
        ("{\n  \"providers\": {},\n  \"models\" {}\n}", ["line 3, column 12: a colon is missing between a key and its value."]),
    ])
    func inTheFile(text: String, problems: [String]) {
        #expect(found(text) == problems.map { "models.json: " + $0 })
    }

    @Test func anUnknownSectionIsRefused() {
        #expect(
            found(ModelsFileTests.file(rest: ", \"polices\": {}"))
                == ["models.json: polices: there is no such key in the file. Did you mean 'policy'?"])
    }

    @Test func tellsAllProblemsAtOnceAndEachOnce() {
        let text = #"""
            {"providers": {"good": {"base_url": "https://h"}, "bad one": {"base_url": "https://h"}},
             "models": {"auto": {"deployments": []},
                        "m.1": {"deployments": [{"provider": "bad one", "model": "m"}], "fallbacks": ["auto"], "quality": -1}}}
            """#
        // Neither the provider nor the fallback is missing: what is wrong with them is told where they are.
        let found = found(text)
        #expect(found.count == 3)
        #expect(found[0].hasPrefix("models.json: providers[\"bad one\"]: a provider's name must consist of"))
        #expect(found[1].hasPrefix("models.json: models.auto: callers reach"))
        #expect(found[2] == "models.json: models[\"m.1\"].quality: must be a whole number from 0 to 100, not -1.")
    }
}
