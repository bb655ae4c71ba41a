#!/usr/bin/env bash
# moto reports a CloudFormation stack as deleted while its full bucket and all objects are still there.
#
# Guess: deleting the stack ends in DELETE_FAILED, since the bucket is not empty, and moto knows that: it refuses to delete
# the bucket by itself.
#
# What happens: delete_bucket raises BucketNotEmpty. The deletion of the stack ends in DELETE_COMPLETE, and the bucket and
# its object are left. Updating a stack with an unchanged template succeeds as well.
#
# Versions: moto 5.2.5, boto3 1.44.8, Python packages.
#
# Why it matters: a test that a teardown leaves nothing behind, and believes the stack's status, passes against moto and
# fails on AWS. Look for the resources themselves after the teardown.
#
# Where from: delete_bucket in moto/s3/models.py of 5.2.5 returns nothing for a full bucket. AWS's page on the resource
# AWS::S3::Bucket says that only empty buckets can be deleted.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "moto[cloudformation,s3]==5.2.5" boto3==1.44.8

cat > program.py <<'PROGRAM'
import json

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "example", "aws_secret_access_key": "example"}
TEMPLATE = json.dumps({"Resources": {"Lake": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "example-lake"}}}})


def show(what, call):
    try:
        print(f"{what}: {call()}")
    except ClientError as error:
        print(f"{what}: refused, {error.response['Error']['Code']}")


def status():
    return cloudformation.list_stacks()["StackSummaries"][0]["StackStatus"]


with mock_aws():
    s3, cloudformation = boto3.client("s3", **KEYS), boto3.client("cloudformation", **KEYS)
    cloudformation.create_stack(StackName="lake", TemplateBody=TEMPLATE)
    s3.put_object(Bucket="example-lake", Key="log.json", Body=b"{}")
    print("the stack is", status())
    show("update to the same template",
         lambda: cloudformation.update_stack(StackName="lake", TemplateBody=TEMPLATE) and status())
    show("delete the bucket", lambda: s3.delete_bucket(Bucket="example-lake"))
    show("delete the stack", lambda: cloudformation.delete_stack(StackName="lake") and status())
    show("buckets", lambda: [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
    show("objects", lambda: [found["Key"] for found in s3.list_objects_v2(Bucket="example-lake")["Contents"]])
PROGRAM
cat > expected <<'EXPECTED'
the stack is CREATE_COMPLETE
update to the same template: UPDATE_COMPLETE
delete the bucket: refused, BucketNotEmpty
delete the stack: DELETE_COMPLETE
buckets: ['example-lake']
objects: ['log.json']
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
