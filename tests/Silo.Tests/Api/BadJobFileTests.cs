using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Api;

/// <summary>Whatever a body holds, it is a job or it is refused; it never breaks the silo.</summary>
public sealed class BadJobFileTests(ServedSilo served) : ServedTest(served)
{
    public static TheoryData<string> NoJobFiles { get; } =
    [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        "1",
        "\"text\"",
        "{} {}",
        "{\"name\": NaN}",
        "{\"name\": \"\\ud800\"}",
        "{\"\\ud800\": 1}",
        "{\"name\": \"a\", \"name\": \"b\"}",
        "{\"trainer\": {\"workload\": \"x\", \"settings\": {\"a\": 1, \"a\": 2}}}",
        "{\"trainer\": {\"workload\": \"x\", \"settings\": {\"a\": \"\\udc00\"}}}",
        "{\"steps\": 1e999}",
        "{\"steps\": 123456789012345678901234567890}",
        "{\"schedule\": {\"algorithm\": \"fixed\", \"settings\": {\"kind\": \"runs\", \"runs\": [[1e999, 1, 1]]}}}",
        string.Concat(Enumerable.Repeat("{\"a\":", 100)) + "1" + new string('}', 100),
    ];

    [Theory]
    [MemberData(nameof(NoJobFiles))]
    public async Task A_body_that_is_no_job_file_is_refused_with_its_reason(string body) =>
        await PostAsync(body).RefusedAsync(HttpStatusCode.BadRequest);

    [Theory]
    [InlineData("fixed", "segmentSteps", "/segmentSteps")]
    [InlineData("autolrs", "stageSteps", "/schedule/settings/stageSteps")]
    public async Task A_job_of_more_pieces_than_a_silo_can_hold_is_refused(string algorithm, string key, string pointer)
    {
        JsonObject job = algorithm == "fixed" ? QuadraticJobs.Fixed(Pool) : QuadraticJobs.AutoLrs(Pool);
        job["steps"] = 1L << 53;
        job["segmentSteps"] = algorithm == "fixed" ? 1 : 1L << 40;
        if (algorithm == "autolrs")
        {
            job["schedule"]!["settings"]![key] = 9;
        }

        var problem = await PostAsync(job.ToJsonString()).RefusedAsync(HttpStatusCode.BadRequest);
        Assert.Equal(pointer, Assert.Single(problem.GetProperty("errors").EnumerateArray()).Text("pointer"));
    }

    [Fact]
    public async Task Files_with_any_value_in_any_place_are_taken_or_refused()
    {
        JsonObject[] files = [QuadraticJobs.Fixed(Pool), QuadraticJobs.AutoLrs(Pool), QuadraticJobs.Reference(Pool)];
        string[] junk =
        [
            "null", "true", "-1", "0", "1", "0.5", "9007199254740992", "1e308", "-1e308", "1e-320", "\"\"", "\"autolrs\"", "\"😀\"",
            "\"\\u0000\"", "[]", "[1,2]", "[[1,0.1,0.1]]", "{}", "{\"name\":\"x\"}", "\"10s\"", "\"999999999d\"",
        ];
        await Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[0, 1000], Gen.Int[0, junk.Length - 1]).SampleAsync(
            async (file, place, value) =>
            {
                var job = (JsonObject)files[file].DeepClone();
                JsonNode[] places = [.. Descendants(job)];
                places[place % places.Length].ReplaceWith(JsonNode.Parse(junk[value]));
                using HttpResponseMessage response = await PostAsync(job.ToJsonString());
                return response.StatusCode is HttpStatusCode.Created or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity;
            },
            iter: 300,
            threads: 1);
    }

    private static IEnumerable<JsonNode> Descendants(JsonNode node) => node switch
    {
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>().SelectMany(value => Descendants(value).Prepend(value)),
        JsonArray items => items.OfType<JsonNode>().SelectMany(value => Descendants(value).Prepend(value)),
        _ => [],
    };

    private Task<HttpResponseMessage> PostAsync(string body) => Http.PostAsync("/v1/jobs", Answers.Json(body), Ct);
}
