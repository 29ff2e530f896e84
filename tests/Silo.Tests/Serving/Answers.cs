using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Orchestrator.Silo.Tests.Serving;

/// <summary>Requests as text, and what an answer must be like.</summary>
internal static class Answers
{
    /// <summary>A body of JSON text, well-formed or not.</summary>
    public static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public static StringContent Json(object value) => Json(JsonSerializer.Serialize(value));

    /// <summary>The problem details (RFC 9457) of a refusal.</summary>
    public static async Task<JsonElement> RefusedAsync(this Task<HttpResponseMessage> answer, HttpStatusCode status)
    {
        using HttpResponseMessage response = await answer;
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonElement problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        return problem;
    }

    /// <summary>The JSON of a success.</summary>
    public static async Task<JsonElement> OkAsync(this Task<HttpResponseMessage> answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await answer;
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    public static string Detail(this JsonElement problem) => problem.GetProperty("detail").GetString()!;

    public static string Text(this JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
