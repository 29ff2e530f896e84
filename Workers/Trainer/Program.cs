using TorchSharp;
using System.Diagnostics;
torch.set_num_threads(1);
torch.manual_seed(1);
using var a = torch.randn(128,784); using var b = torch.randn(256,784); using var c = torch.randn(256);
using var h = torch.randn(512,96); using var w = torch.randn(288,96);
using var img = torch.randn(128,8,14,14); using var k = torch.randn(32,8,3,3);
double Time(Func<torch.Tensor> f) { for (int i=0;i<50;i++) f().Dispose(); var best=new double[200]; for (int i=0;i<200;i++){ var t=Stopwatch.GetTimestamp(); f().Dispose(); best[i]=Stopwatch.GetElapsedTime(t).TotalMicroseconds;} Array.Sort(best); return best[100]; }
Console.Write($"mlp linear {Time(() => torch.nn.functional.linear(a,b,c)):F0} us; qkv {Time(() => torch.nn.functional.linear(h,w)):F0} us; conv {Time(() => torch.nn.functional.conv2d(img,k,strides:[2,2],padding:[1,1])):F0}; ");
using var r = torch.nn.functional.linear(a,b,c);
using var r2 = torch.nn.functional.conv2d(img,k,strides:[2,2],padding:[1,1]);
var bytes = System.Security.Cryptography.SHA256.HashData(r.bytes); var bytes2 = System.Security.Cryptography.SHA256.HashData(r2.bytes);
Console.WriteLine(Convert.ToHexString(bytes)[..8] + " " + Convert.ToHexString(bytes2)[..8] );
