using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Api;

public sealed class SubmissionTests(ServedSilo served) : ServedTest(served)
{
    [Fact]
    public async Task A_job_is_created_and_its_location_answers_with_it()
    {
        using HttpResponseMessage response = await PostAsync(QuadraticJobs.Fixed(Pool).ToJsonString());
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        JsonElement created = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync(Ct));
        Assert.Equal($"/v1/jobs/{created.Text("id")}", response.Headers.Location?.OriginalString);
        JsonElement found = await Http.GetAsync(response.Headers.Location, Ct).OkAsync();
        Assert.Equal(created.Text("id"), found.Text("id"));
        Assert.Equal("quadratic", found.Text("name"));
        Assert.Equal("unschedulable", found.Text("status"));
        Assert.Contains(Pool, found.GetProperty("reason").Text("message"));
    }

    [Fact]
    public async Task The_same_key_and_file_give_the_same_job_however_the_file_is_laid_out()
    {
        JsonObject job = QuadraticJobs.Fixed(Pool);
        string key = Guid.NewGuid().ToString();
        JsonElement first = await PostAsync(job.ToJsonString(), key).OkAsync(HttpStatusCode.Created);
        var reordered = new JsonObject(job.Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        string indented = reordered.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
        JsonElement again = await PostAsync(indented, key).OkAsync();
        Assert.Equal(first.Text("id"), again.Text("id"));
    }

    [Fact]
    public async Task The_same_key_with_another_file_is_a_conflict_and_changes_nothing()
    {
        string key = Guid.NewGuid().ToString();
        JsonElement first = await PostAsync(QuadraticJobs.Fixed(Pool).ToJsonString(), key).OkAsync(HttpStatusCode.Created);
        JsonElement problem = await PostAsync(QuadraticJobs.Fixed(Pool, steps: 61).ToJsonString(), key).RefusedAsync(HttpStatusCode.Conflict);
        Assert.Contains("Idempotency-Key", problem.Detail());
        Assert.Equal(60, (await ViewAsync(first.Text("id"))).TotalSteps);
    }

    [Fact]
    public async Task Without_a_key_every_submission_is_a_job_of_its_own()
    {
        string job = QuadraticJobs.Fixed(Pool).ToJsonString();
        JsonElement first = await PostAsync(job).OkAsync(HttpStatusCode.Created);
        JsonElement second = await PostAsync(job).OkAsync(HttpStatusCode.Created);
        Assert.NotEqual(first.Text("id"), second.Text("id"));
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_refused() =>
        await PostAsync(QuadraticJobs.Fixed(Pool).ToJsonString(), new string('k', 201)).RefusedAsync(HttpStatusCode.BadRequest);

    [Fact]
    public async Task Submissions_with_one_key_at_the_same_moment_make_one_job()
    {
        string job = QuadraticJobs.Fixed(Pool).ToJsonString();
        string key = Guid.NewGuid().ToString();
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PostAsync(job, key)));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.Equal(7, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
    }

    [Fact]
    public async Task Everything_wrong_with_a_file_is_said_at_once_with_pointers()
    {
        JsonObject job = QuadraticJobs.AutoLrs(Pool);
        job["steps"] = 0;
        job["objectiv"] = new JsonObject();
        job["schedule"]!["range"] = new JsonObject { ["min"] = 1, ["max"] = 0.1 };
        JsonElement problem = await PostAsync(job.ToJsonString()).RefusedAsync(HttpStatusCode.BadRequest);
        string[] pointers = [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer"))];
        Assert.Equal(["/objectiv", "/schedule/range/min", "/steps"], pointers.Order(StringComparer.Ordinal));
        Assert.Contains("3 problems", problem.Detail());
    }

    [Fact]
    public async Task What_only_the_pool_knows_is_refused_with_422_once_it_has_a_worker()
    {
        await WorkerAsync();
        JsonObject job = QuadraticJobs.Fixed(Pool);
        job["trainer"]!["settings"] = new JsonObject { ["momentun"] = 0.5 };
        job["objective"]!["metric"] = "validation_accuracy";
        JsonElement problem = await PostAsync(job.ToJsonString()).RefusedAsync(HttpStatusCode.UnprocessableEntity);
        string[] pointers = [.. problem.GetProperty("errors").EnumerateArray().Select(error => error.Text("pointer"))];
        Assert.Equal(["/objective/metric", "/trainer/settings/momentun"], pointers.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_file_is_given_back_as_it_was_submitted()
    {
        string job = QuadraticJobs.AutoLrs(Pool).ToJsonString();
        JsonElement created = await PostAsync(job).OkAsync(HttpStatusCode.Created);
        Assert.Equal(job, await Http.GetStringAsync($"/v1/jobs/{created.Text("id")}/spec", Ct));
    }

    private Task<HttpResponseMessage> PostAsync(string body, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jobs") { Content = Answers.Json(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return Http.SendAsync(request, Ct);
    }
}
