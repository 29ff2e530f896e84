using System.Text;
using System.Text.Json;
using Orchestrator.Contracts.Trainers;

namespace Orchestrator.Contracts.Tests.Trainers;

public sealed class TrainerProtocolTests
{
    private const string Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    public static TheoryData<string> GoldenRequests { get; } =
    [
        """{"type":"open","protocol":1,"workload":"image-classification","settings":{"dataset":"digits","momentum":0.9},"seed":7,"device":"cpu","threads":1,"data":"data","scratch":"scratch","progressSeconds":5,"id":1}""",
        """{"type":"train","segment":"a","parent":{"path":"p","sha256":"HASH"},"output":{"path":"q"},"start":20,"steps":10,"plan":{"runs":[[10,0.1,0.05]],"offset":0},"settings":{"momentum":0.8},"shard":{"index":0,"count":2,"alpha":0.5},"validate":{"every":5,"atEnd":true,"split":"probe","samples":64},"guard":{"maxLossRise":3,"patience":4,"referenceLoss":2.3,"maxGradientNorm":100},"id":2}""",
        """{"type":"train","segment":"b","start":0,"steps":1,"plan":{"rule":"hypergradient","initial":0.1,"min":0.001,"max":1,"settings":{"beta":0.5}},"id":3}""",
        """{"type":"merge","parents":[{"path":"p","sha256":"HASH","weight":0.25}],"rule":"mean","output":{"path":"q"},"id":4}""",
        """{"type":"stop","reason":"draining","id":5}""",
        """{"type":"close","id":6}""",
    ];

    public static TheoryData<string> GoldenReplies { get; } =
    [
        """{"type":"ready","description":{"protocol":1,"trainer":{"name":"n","version":"v","digest":"d"},"deterministic":true,"class":"cpu","workloads":[{"name":"w","settings":{"type":"object"},"metrics":["validation_loss"],"rules":[],"capabilities":[]}],"data":[{"name":"digits","digest":"HASH","samples":1797}]},"parameters":203530,"re":1}""",
        """{"type":"progress","steps":3,"columns":["step","loss"],"points":[[0,2.3],[1,null]],"re":2}""",
        """{"type":"done","steps":10,"metrics":{"validation_loss":0.5},"nonFinite":["validation_accuracy"],"validations":[{"step":10,"metrics":{"validation_loss":0.5},"nonFinite":["validation_accuracy"]}],"series":{"path":"s","sha256":"HASH"},"rates":[0.1],"checkpoint":{"sha256":"HASH","bytes":100},"seconds":{"training":1.5,"evaluation":0.25,"checkpoint":0.125},"re":3}""",
        """{"type":"failed","kind":"out_of_memory","message":"m","re":4}""",
        """{"type":"failed","kind":"diverged","message":"m","step":12,"lastFiniteLoss":9.5,"re":5}""",
        """{"type":"description","protocol":1,"trainer":{"name":"n","version":"v","digest":"d"},"deterministic":true,"class":"cpu","workloads":[],"data":[]}""",
    ];

    [Theory]
    [MemberData(nameof(GoldenRequests))]
    public void A_request_is_read_and_written_as_the_same_line(string golden)
    {
        var line = golden.Replace("HASH", Hash);
        var request = TrainerProtocol.ReadRequest(Encoding.UTF8.GetBytes(line));
        Assert.Equal(line, Encoding.UTF8.GetString(TrainerProtocol.WriteLine(request)));
    }

    [Theory]
    [MemberData(nameof(GoldenReplies))]
    public void A_reply_is_read_and_written_as_the_same_line(string golden)
    {
        var line = golden.Replace("HASH", Hash);
        var reply = TrainerProtocol.ReadReply(Encoding.UTF8.GetBytes(line));
        Assert.Equal(line, Encoding.UTF8.GetString(TrainerProtocol.WriteLine(reply!)));
    }

    [Fact]
    public void Unknown_fields_are_ignored_and_the_type_may_stand_anywhere()
    {
        var request = TrainerProtocol.ReadRequest("""{"colour":[{"type":"x"}],"id":9,"reason":"paused","type":"stop"}"""u8);
        Assert.Equal(new StopRequest { Id = 9, Reason = StopReason.Paused }, request);
    }

    [Fact]
    public void Null_and_absent_are_the_same()
    {
        var request = (TrainRequest)TrainerProtocol.ReadRequest(
            """{"type":"train","id":1,"segment":"s","parent":null,"output":null,"start":0,"steps":0,"plan":null}"""u8);
        Assert.Null(request.Parent);
        Assert.Null(request.Plan);
        Assert.Equal(
            """{"type":"train","segment":"s","start":0,"steps":0,"id":1}""",
            Encoding.UTF8.GetString(TrainerProtocol.WriteLine(request)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Epoch 3: loss 0.5")]
    [InlineData("[1,2]")]
    [InlineData("{\"type\":\"chatter\"}")]
    [InlineData("{\"type\":\"done\"} trailing")]
    [InlineData("{\"type\":\"done\",")]
    [InlineData("{\"type\":7}")]
    public void What_is_no_object_with_a_known_type_is_log(string line) =>
        Assert.Null(TrainerProtocol.ReadReply(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("{\"type\":\"done\",\"re\":1}")]
    [InlineData("{\"type\":\"failed\",\"kind\":\"unheard_of\",\"message\":\"m\"}")]
    [InlineData("{\"type\":\"failed\",\"kind\":0,\"message\":\"m\"}")]
    public void A_malformed_reply_is_refused(string line) =>
        Assert.Throws<TrainerProtocolException>(() => TrainerProtocol.ReadReply(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("{\"id\":4,\"type\":\"dance\"}", "unknown request `dance`; there are close, merge, open, stop, train")]
    [InlineData("{\"id\":4}", "a request is a JSON object with a string `type`")]
    [InlineData("{\"id\":4,\"type\":\"stop\"}", "`stop` cannot be read")]
    [InlineData("{\"id\":4,\"type\":\"stop\",\"reason\":null}", "`stop` cannot be read")]
    [InlineData("{\"id\":4,\"type\":\"train\",\"segment\":\"s\",\"start\":0,\"steps\":1,\"plan\":{\"runs\":[[0,1,1]]}}", "run 0 has 0 steps")]
    public void A_malformed_request_is_refused_with_its_id(string line, string message)
    {
        var e = Assert.Throws<TrainerProtocolException>(() => TrainerProtocol.ReadRequest(Encoding.UTF8.GetBytes(line)));
        Assert.Equal(4, e.Id);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_over_one_mebibyte_is_neither_read_nor_written()
    {
        var log = new FailedReply { Re = 1, Kind = FailureKind.Error, Message = new('x', TrainerProtocol.MaxLineBytes) };
        Assert.Throws<TrainerProtocolException>(() => TrainerProtocol.WriteLine(log));
        Assert.Throws<TrainerProtocolException>(() => TrainerProtocol.ReadReply(new byte[TrainerProtocol.MaxLineBytes + 1]));
    }

    [Fact]
    public void A_description_survives_its_message()
    {
        var description = new TrainerDescription
        {
            Protocol = 1,
            Trainer = new("n", "v", "d"),
            Deterministic = true,
            Class = NumericClass.Name(1),
            Workloads = [new() { Name = "w", Settings = JsonElement.Parse("{}") }],
        };
        var back = ((DescriptionReply)TrainerProtocol.ReadReply(TrainerProtocol.WriteLine(DescriptionReply.Of(description)))!)
            .ToDescription();
        Assert.Equal(description.Class, back.Class);
        Assert.Equal("w", Assert.Single(back.Workloads).Name);
    }
}
