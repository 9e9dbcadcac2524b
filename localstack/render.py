"""Makes of template.yaml what LocalStack can deploy: the SAM transform is done here, as LocalStack's own rejects
references to ids that SAM generates; code and nested templates come from a bucket; what LocalStack does not have
(API Gateway v2, ECS, load balancers, CodeDeploy) is left out.

usage: python render.py TEMPLATE BUCKET BASE_URL STACK ARCH > out.json
       BUCKET holds <function>.zip and infra/*.yaml, BASE_URL is how CloudFormation reaches it
"""
import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the transform asks boto for one

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ABSENT = {"Desk", "Live", "LiveApi", "Network", "Relay"}  # of types that are absent, or nested stacks of nothing else


class NoManagedPolicies:
    """SAM asks an account for these; the template names its own."""

    def load(self):
        return {}


def without(v):
    """What names something absent gets a name that leads nowhere: its functions are still deployed."""
    if isinstance(v, dict):
        if v.get("Ref") in ABSENT:
            return "absent"
        got = v.get("Fn::GetAtt")
        if (got.split(".")[0] if isinstance(got, str) else got and got[0]) in ABSENT:
            return "https://absent.invalid"
        return {k: without(x) for k, x in v.items()}
    if isinstance(v, list):
        return [without(x) for x in v]
    if isinstance(v, str):
        for a in ABSENT:
            v = v.replace("${" + a + "}", "absent")
    return v


def render(text, bucket, base, stack, arch):
    t = yaml_parse(text)
    t["Resources"] = {k: v for k, v in t["Resources"].items() if k not in ABSENT}
    t["Outputs"] = {k: v for k, v in t["Outputs"].items() if without(v) == v}
    t["Resources"] = without(t["Resources"])
    for name, r in t["Resources"].items():
        p = r.get("Properties", {})
        if r["Type"] == "AWS::Serverless::Function":
            for absent in ("DeploymentPreference", "ProvisionedConcurrencyConfig", "ReservedConcurrentExecutions"):
                p.pop(absent, None)
            p["CodeUri"] = {"Bucket": bucket, "Key": p["CodeUri"].strip("/").split("/")[-1] + ".zip"}
        if r["Type"] == "AWS::Serverless::Application":
            r["Type"] = "AWS::CloudFormation::Stack"
            p["TemplateURL"] = base + "/" + p.pop("Location")
    values = {k: v.get("Default") for k, v in t["Parameters"].items()}
    values.update({"LambdaArch": arch, "AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::StackName": stack})
    out = transform(t, values, NoManagedPolicies())
    out["Parameters"]["LambdaArch"]["Default"] = arch
    return out


if __name__ == "__main__":
    template, bucket, base, stack, arch = sys.argv[1:]
    with open(template, encoding="utf-8") as f:
        json.dump(render(f.read(), bucket, base, stack, arch), sys.stdout, indent=1)
