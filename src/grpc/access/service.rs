//! The API of tokens.

use std::time::Duration;

use tonic::{Request, Response, Status};

use super::identity::{actor, identity};
use crate::domain::{Timestamp, Token};
use crate::error::{Code, Error};
use crate::grpc::status::{status, wrong};
use crate::grpc::{Api, convert, v1};
use crate::service::{Bearer, NewToken};

#[tonic::async_trait]
impl v1::access_service_server::AccessService for Api {
    async fn who_am_i(
        &self,
        request: Request<v1::WhoAmIRequest>,
    ) -> Result<Response<v1::WhoAmIResponse>, Status> {
        let identity = identity(&request)?;
        Ok(Response::new(v1::WhoAmIResponse {
            name: identity.name.clone(),
            role: identity.role.to_string(),
            secrets: identity.reads_secrets(),
            method: identity.method.as_str().to_owned(),
        }))
    }

    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        let actor = actor(&request)?;
        let v1::CreateTokenRequest { name, role, secrets, expires_in_seconds } = request.into_inner();
        let name = convert::read_name("name", &name)?;
        convert::required("role", &role)?;
        let role = role.parse().map_err(|e| wrong("role", e))?;
        let lasts = (expires_in_seconds != 0).then(|| Duration::from_secs(expires_in_seconds));
        let random = (self.random)().map_err(|error| {
            status(Error::new(Code::Internal, "the system gives no randomness").caused_by(error))
        })?;
        let bearer = Bearer::new(random);
        let new = NewToken { name, role, secrets, lasts };
        let token = self.service.create_token(&actor, new, &bearer).await.map_err(status)?;
        let token = Some(self.told(token));
        Ok(Response::new(v1::CreateTokenResponse { token, bearer: bearer.reveal() }))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        let tokens = self.service.list_tokens(request.into_inner().all).await.map_err(status)?;
        let tokens = tokens.into_iter().map(|token| self.told(token)).collect();
        Ok(Response::new(v1::ListTokensResponse { tokens }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let actor = actor(&request)?;
        let name = request.into_inner().name;
        convert::required("name", &name)?;
        let token = self.service.revoke_token(&actor, &name).await.map_err(status)?;
        Ok(Response::new(v1::RevokeTokenResponse { token: Some(self.told(token)) }))
    }
}

impl Api {
    fn told(&self, token: Token) -> v1::Token {
        let time = |time: Option<Timestamp>| time.map_or(0, |time| time.0);
        v1::Token {
            state: self.service.token_state(&token).as_str().to_owned(),
            name: token.name.into(),
            role: token.role.to_string(),
            secrets: token.secrets || token.role == crate::domain::Role::Admin,
            created_ms: token.created.0,
            created_by: token.created_by,
            expires_ms: time(token.expires),
            last_used_ms: time(token.last_used),
            revoked_ms: time(token.revoked),
            revoked_by: token.revoked_by,
        }
    }
}
