using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Orchestrator.Silo.Tests.Serving;
using Orchestrator.TestKit.Jobs;

namespace Orchestrator.Silo.Tests.Api;

/// <summary>A web page, wherever it comes from, cannot drive a silo on this machine.</summary>
public sealed class LocalRequestsTests(ServedSilo served) : ServedTest(served)
{
    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("https://127.0.0.1")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("null")]
    public async Task A_page_of_another_origin_is_refused_whatever_it_asks(string origin)
    {
        foreach ((HttpMethod method, string route) in ((HttpMethod, string)[])
            [(HttpMethod.Get, "/v1/jobs"), (HttpMethod.Post, "/v1/jobs"), (HttpMethod.Post, "/v1/jobs/x:cancel"), (HttpMethod.Options, "/v1/jobs"), (HttpMethod.Get, "/metrics")])
        {
            using var request = new HttpRequestMessage(method, route);
            request.Headers.TryAddWithoutValidation("Origin", origin);
            await Http.SendAsync(request, Ct).RefusedAsync(HttpStatusCode.Forbidden);
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    public async Task A_page_of_its_own_is_welcome(string name)
    {
        string host = $"{name}:{Silo.Address.Port}";
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/jobs") { Headers = { Host = host } };
        request.Headers.Add("Origin", $"http://{host}");
        await Http.SendAsync(request, Ct).OkAsync();
    }

    [Theory]
    [InlineData("rebound.example")]
    [InlineData("rebound.example:{port}")]
    [InlineData("127.0.0.1.rebound.example:{port}")]
    [InlineData("127.0.0.1:1")]
    [InlineData("127.0.0.1")]
    [InlineData("192.168.0.1:{port}")]
    [InlineData("[2001:db8::1]:{port}")]
    public async Task A_name_that_was_rebound_to_this_machine_is_refused(string host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/jobs")
        {
            Headers = { Host = host.Replace("{port}", $"{Silo.Address.Port}") },
        };
        await Http.SendAsync(request, Ct).RefusedAsync(HttpStatusCode.MisdirectedRequest);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/jsonp")]
    [InlineData("")]
    public async Task A_body_that_a_page_could_send_unasked_is_refused(string type)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(QuadraticJobs.Fixed(Pool).ToJsonString()));
        content.Headers.ContentType = type.Length == 0 ? null : MediaTypeHeaderValue.Parse(type);
        await Http.PostAsync("/v1/jobs", content, Ct).RefusedAsync(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task A_blob_is_no_json_and_json_is_no_blob()
    {
        using StringContent json = Answers.Json("{}");
        await Http.PostAsync($"/v1/blobs:upload?sha256={new string('0', 64)}", json, Ct).RefusedAsync(HttpStatusCode.UnsupportedMediaType);
        using var bytes = new ByteArrayContent([1]);
        bytes.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        await Http.PostAsync("/v1/jobs", bytes, Ct).RefusedAsync(HttpStatusCode.UnsupportedMediaType);
    }
}
